"""`ergate run`: workers at work, and a person who watches."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ergate.cli.options import (
    AppArgument,
    ProfileOption,
    QueueOption,
    StateOption,
    examples_text,
    new_app,
)
from ergate.cli.place import Place, app_or_bare, find_place
from ergate.cli.printing import tell
from ergate.cli.run_options import (
    BurstOption,
    ConcurrencyOption,
    GraceOption,
    LeaseOption,
    LogFormatOption,
    LogLevelOption,
    MaxJobsOption,
    MaxRssOption,
    PlainOption,
    ProcessesOption,
    PublishToOption,
    QueuesOption,
    ReloadOption,
)
from ergate.errors import UsageError

if TYPE_CHECKING:
    from ergate.display.choose import Display

app = new_app("Run workers.")


@app.command(
    epilog=examples_text(
        "ergate run",
        "ergate run myapp:app --processes auto",
        "ergate run myapp.py:app --burst --plain",
        "ergate run myapp:app --reload",
        "ergate run myapp:app --queue sqlite:///jobs.db --queues default,mails",
    )
)
def run(
    *,
    app_name: AppArgument = None,
    queue: QueueOption = None,
    state: StateOption = None,
    queues: QueuesOption = None,
    processes: ProcessesOption = None,
    concurrency: ConcurrencyOption = None,
    burst: BurstOption = False,
    reload: ReloadOption = False,
    grace: GraceOption = None,
    max_jobs: MaxJobsOption = None,
    max_rss: MaxRssOption = None,
    lease: LeaseOption = None,
    publish_to: PublishToOption = None,
    plain: PlainOption = False,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
    profile: ProfileOption = None,
) -> None:
    """Run the app's workflows, and those declared in the store, until Ctrl-C.

    Without an app only declared workflows are run.
    On a terminal a live display shows what happens; elsewhere each event is a line.
    Ctrl-C, or SIGTERM, once: running steps end first. Twice: stop at once; leases do the rest.
    Exit codes: 0 stopped in order, 1 no worker can start, 2 wrong usage, 4 the store is away.
    """
    place = find_place(
        app=app_name,
        queue=queue,
        state=state,
        profile=profile,
        flags={
            "queues": queues,
            "processes": processes,
            "concurrency": concurrency,
            "burst": burst or None,
            "grace_s": grace,
            "max_jobs": max_jobs,
            "max_rss_mb": max_rss,
            "lease_s": lease,
            "publish_to": publish_to or None,
            "log_format": log_format,
            "log_level": log_level,
        },
    )
    for warning in place.loaded.warnings:
        tell(f"warning: {warning}")
    raise typer.Exit(_run(place, plain=plain, reload=reload))


def _check_reload(place: Place) -> None:
    """Raise `UsageError` when there is no app that could be loaded again."""
    from ergate.loading import NoAppError

    if isinstance(place.app_problem, NoAppError):
        raise UsageError(f"--reload loads an app again when it changes. {place.app_problem}")


def _run(place: Place, *, plain: bool, reload: bool) -> int:
    from ergate.display.choose import make_display
    from ergate.running import run_app

    settings = place.settings
    if reload:
        _check_reload(place)
    app, target = app_or_bare(place, "only declared workflows are run")
    _tell_of_private_memory(place)
    display = make_display(
        plain=plain,
        log_format=settings.log_format,
        log_level=settings.log_level,
        stream=sys.stdout,
    )
    try:
        with _prints_above(display):
            return run_app(
                app,
                settings,
                target=target,
                report=display.show,
                capture=display.owns_terminal,
                watch=source_directory(target) if reload else None,
            )
    finally:
        display.close()


def _tell_of_private_memory(place: Place) -> None:
    if place.is_private and place.settings.process_count == 1:
        tell(
            "note: jobs live in the memory of this process and end with it. Only the app itself "
            "can hand them in, for example at its start or in a step; `ergate enqueue` cannot."
        )


def source_directory(target: str) -> Path:
    """Return the directory of an app that was loaded: that of its file, or of its package."""
    location = target.rpartition(":")[0]
    if location.endswith(".py"):
        return Path(location).resolve().parent
    module = sys.modules[location.partition(".")[0]]
    # A namespace package has no file; then what lies here is the best guess.
    return Path(module.__file__).parent if module.__file__ else Path.cwd()


@contextmanager
def _prints_above(display: Display) -> Iterator[None]:
    """Let what is printed in this very process scroll above a live display."""
    if not display.owns_terminal:
        yield
        return
    lines = _Lines(display)
    with contextlib.redirect_stdout(lines), contextlib.redirect_stderr(lines):
        yield


class _Lines(io.TextIOBase):
    """A text stream whose lines are shown as output."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._rest = ""

    def write(self, text: str) -> int:
        from ergate.worker.events import Output

        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._display.show(Output(worker_id="", text=line))
        return len(text)
