"""Shows on stderr how far a command has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int], None]
"""Is told how many jobs are done in all, and how much of the work has been added to that."""


@contextmanager
def progress_bar(total: int | None) -> Iterator[Advance]:
    """Show a bar that is full at `total`, in any unit, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _jobs, _added: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from ergate.display.console import make_console

    with Progress(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[jobs]:,} jobs"),
        TimeElapsedColumn(),
        console=make_console(sys.stderr),
        transient=True,
    ) as progress:
        task = progress.add_task("", total=total, jobs=0)
        yield lambda jobs, added: progress.update(task, advance=added, jobs=jobs)
