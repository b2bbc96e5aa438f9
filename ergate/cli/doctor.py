"""`ergate doctor`: what this machine, these settings and this store look like."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import typer

from ergate.cli.options import (
    AppOption,
    JsonOption,
    ProfileOption,
    QueueOption,
    StateOption,
    examples_text,
    new_app,
)
from ergate.cli.place import Place, find_place
from ergate.cli.printing import print_json
from ergate.errors import ErgateError, UsageError

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.contracts.backend import Finding, FindingLevel
    from ergate.settings import Loaded

app = new_app("Find out what is wrong.")

_LIBRARIES = ("ergate", "pydantic", "pydantic-settings", "typer", "rich", "psutil", "structlog")
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""A clock that shows less was never set."""
_APART_S = 5.0


@app.command(
    epilog=examples_text(
        "ergate doctor",
        "ergate doctor --app myapp:app --profile production",
        "ergate doctor --json",
    )
)
def doctor(
    *,
    app_name: AppOption = None,
    queue: QueueOption = None,
    state: StateOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is set, what is there, and what is wrong.

    Versions, each setting with its source, the app, what the backends say, and whether services
    can be called.
    Secrets are masked. Opens the store, which makes the default one if it is not there.
    Exit codes: 0 all is well, 1 a problem was found.
    """
    from ergate.cli.addresses import finding_document
    from ergate.cli.service_findings import service_findings

    place = find_place(app=app_name, queue=queue, state=state, profile=profile)
    rows = setting_rows(place.loaded)
    groups = {
        "App": list(_app_findings(place)),
        "Plugins": list(_plugin_findings()),
        "Backends": list(_backend_findings(place)),
        "Services": list(service_findings(place)),
    }
    found = [finding for group in groups.values() for finding in group]
    is_well = not any(finding.level == "problem" for finding in found)
    if as_json:
        settings = {name: {"value": value, "origin": origin} for name, value, origin in rows}
        listed = {name: [finding_document(one) for one in g] for name, g in groups.items()}
        document = {"ok": is_well, "versions": _versions(), "settings": settings, **_lower(listed)}
        print_json(document)
    else:
        _show(place, rows, groups, is_well=is_well)
    raise typer.Exit(0 if is_well else 1)


def _lower(groups: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
    return {name.lower(): group for name, group in groups.items()}


# --- what is asked --------------------------------------------------------------------------------


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: version(name) for name in _LIBRARIES},
    }


def setting_rows(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Return each setting's name, value and origin, without secrets."""
    from ergate.settings.model import shown_value

    values = loaded.settings.model_dump()
    return [
        (name, _shown(shown_value(name, value)), loaded.origins[name])
        for name, value in values.items()
    ]


def _shown(value: object) -> str:
    from ergate.contracts.address import redact, redact_url

    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return ",".join(_shown(one) for one in value) or "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return redact_url(text) if "://" in text else redact(text)


def _app_findings(place: Place) -> Iterator[Finding]:
    from ergate.contracts.backend import Finding

    for warning in place.loaded.warnings:
        yield Finding(level="warning", subject="setting", detail=warning)
    yield _clock_finding()
    problem = place.app_problem
    if problem is not None:
        is_broken = problem.__cause__ is not None or place.settings.app is not None
        level: FindingLevel = "problem" if is_broken else "warning"
        yield Finding(level=level, subject="app", detail=str(problem))
        return
    app = place.need_app()
    yield Finding(level="ok", subject="app", detail=str(place.app_target))
    if not len(app.registry):
        yield Finding(
            level="warning",
            subject="workflows",
            detail="none is registered, so no job can run",
            advice="Call app.register_workflow(workflow) in the app's module.",
        )
    for workflow in app.registry:
        steps = ", ".join(step.name for step in workflow)
        yield Finding(
            level="ok", subject="workflow", detail=f"{workflow.unique_name}: {steps} (checked)"
        )


def _clock_finding() -> Finding:
    from ergate.contracts.backend import Finding

    now = datetime.now(UTC)
    shown = now.isoformat(timespec="seconds")
    if now < _EARLIEST:
        return Finding(
            level="problem",
            subject="clock",
            detail=f"it shows {shown}, which has passed",
            advice="Set the clock, for example with NTP: leases and start times depend on it.",
        )
    return Finding(level="ok", subject="clock", detail=shown)


def _plugin_findings() -> Iterator[Finding]:
    from ergate.contracts.backend import Finding
    from ergate.plugins.manager import installed_plugins

    plugins = installed_plugins()
    for one in plugins.registry.registrations:
        yield Finding(
            level="ok", subject=one.backend.name, detail=f"from the distribution {one.distribution}"
        )
    for problem in plugins.problems:
        yield Finding(
            level="warning",
            subject=problem.entry_point,
            detail=str(problem),
            advice=f"Repair or uninstall it: pip uninstall {problem.distribution}",
        )
    for conflict in plugins.registry.conflicts:
        yield Finding(level="warning", subject="names", detail=conflict)


def _backend_findings(place: Place) -> Iterator[Finding]:
    from ergate.cli.addresses import addresses, backend_findings, store_findings
    from ergate.cli.feeds import feed_findings, journal_findings
    from ergate.contracts.backend import Finding

    try:
        for role, address in addresses(place):
            yield Finding(level="ok", subject=role, detail=str(address))
            yield from backend_findings(address, role)
        with place.broker() as broker:
            yield from store_findings(broker)
            yield from _clocks_apart(broker)
            yield from feed_findings(place, broker)
    except ErgateError as exc:
        # Whoever runs `memory` or objects of their own did nothing wrong; others cannot see in.
        level: FindingLevel = "warning" if type(exc) is UsageError else "problem"
        yield Finding(level=level, subject="store", detail=str(exc))
    yield from journal_findings(place)


def _clocks_apart(broker: Broker) -> Iterator[Finding]:
    """Tell of workers that say they started later than now: two machines' clocks differ."""
    from ergate.contracts.backend import Finding

    ahead_s = [worker.started_at - time.time() for worker in broker.store.workers()]
    if ahead_s and max(ahead_s) > _APART_S:
        yield Finding(
            level="warning",
            subject="clocks",
            detail=f"the clock of a worker's machine is {max(ahead_s):.0f} s ahead of this one's",
            advice="Set both by NTP: start times are compared between machines.",
        )


# --- what is shown --------------------------------------------------------------------------------


def _show(
    place: Place,
    rows: list[tuple[str, str, str]],
    groups: dict[str, list[Finding]],
    *,
    is_well: bool,
) -> None:
    from ergate.cli.addresses import show_findings
    from ergate.cli.backends import show_title
    from ergate.cli.printing import print_line

    print_line("  ".join(f"{name} {text}" for name, text in _versions().items()))
    show_title(f"Settings, from {place.loaded.file or 'no file'}")
    _show_settings(rows)
    for name, findings in groups.items():
        show_title(name)
        show_findings(findings)
    print_line("All is well." if is_well else "Something is wrong: see PROBLEM above.")


def _show_settings(rows: list[tuple[str, str, str]]) -> None:
    from ergate.cli.printing import show
    from ergate.display.escape import safe
    from ergate.display.styles import QUIET
    from ergate.display.tables import new_table

    table = new_table("  setting", "value", "from", expand=False)
    for name, value, origin in rows:
        style = QUIET if origin == "default" else ""
        table.add_row(safe(f"  {name}", style), safe(value, style), safe(origin, style))
    show(table)
