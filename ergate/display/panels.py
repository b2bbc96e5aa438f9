"""The live display as rich renderables, drawn from a `View` for a size of terminal."""

from __future__ import annotations

import sys
from typing import TypeVar

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ergate.display.escape import escape, safe
from ergate.display.figures import age, count, counted, rate, relative, span, sparkline
from ergate.display.layout import COMPACT_HEADER, fitted
from ergate.display.state import View, WorkerView
from ergate.display.styles import BAD, BUSY, GOOD, QUIET, TITLE, WARN, WORKER_STYLES
from ergate.display.tables import new_table
from ergate.worker.events import RunStarted

WIDE = 110
"""From this many columns on, job ids are shown in full."""
_SPARKLINE_LABELS = 18
_LONGEST_QUEUE = 40
_T = TypeVar("_T")


def screen(view: View, now: float, *, width: int, height: int) -> RenderableType:
    """Return everything to show at the time `now`, made for a terminal of this size."""
    wanted = [len(view.workers), len(view.queues), len(view.troubles), len(view.failures)]
    boxed_header = len(_facts(view.run)) + 2 if view.run else COMPACT_HEADER
    layout = fitted(wanted, boxed_header=boxed_header, height=height)
    workers, queues, troubles, failures = layout.rows
    parts: list[RenderableType] = [header(view, now, boxed=layout.is_boxed)]
    if workers:
        parts.append(workers_table(view, now, rows=workers, width=width))
    if queues:
        parts.append(queues_table(view, now, rows=queues))
    parts.append(figures(view, now, width=width))
    if troubles:
        parts.append(troubles_table(view, now, rows=troubles))
    if failures:
        parts.append(failures_table(view, now, rows=failures, width=width))
    blank = [Text("")] * layout.gap
    spaced = [item for part in parts for item in (part, *blank)]
    return Group(*spaced, footer(view, now))


# --- header and footer ----------------------------------------------------------------------------


def header(view: View, now: float, *, boxed: bool) -> RenderableType:
    """Return where jobs wait and where their state is kept, and what is promised."""
    if view.run is None:
        return Text("Starting …", style=QUIET)
    shape = f"{counted(view.run.processes, 'process', 'processes')} x {view.run.concurrency}"
    title = Text.assemble(
        ("ergate", TITLE), f" · {shape} · {age(now - (view.first_at or now))}", no_wrap=True
    )
    return _boxed_header(view.run, title) if boxed else _compact_header(view.run, title)


def _boxed_header(run: RunStarted, title: Text) -> Panel:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style=QUIET, no_wrap=True, min_width=max(len(n) for n, _ in _facts(run)))
    facts.add_column(no_wrap=True, overflow="ellipsis")
    for name, value in _facts(run):
        facts.add_row(name, safe(value))
    return Panel(
        facts,
        box=box.ROUNDED,
        border_style=QUIET,
        title=title,
        title_align="left",
        padding=(0, 1),
    )


def _compact_header(run: RunStarted, title: Text) -> Group:
    *where, broker, promise = _facts(run)
    title.append(escape(f" · {broker[1]}"))
    title.overflow = "ellipsis"
    pairs = [part for name, value in where for part in ((f"{name} ", QUIET), f"{escape(value)}  ")]
    return Group(title, _line(*pairs), _line(("promise ", QUIET), escape(promise[1])))


def _facts(run: RunStarted) -> list[tuple[str, str]]:
    if run.queue == run.state_store:
        where = [("queue and state", run.queue)]
    else:
        where = [("queue", run.queue), ("state", run.state_store)]
    if run.publish_to:
        where.append(("events to", ", ".join(run.publish_to)))
    return [*where, ("broker", f"{run.broker} · {run.level}"), ("promise", run.promise)]


def footer(view: View, now: float) -> Text:
    """Return what a person can do."""
    if view.stopping is None:
        return _line(("Ctrl-C", TITLE), (" stops gracefully, again stops at once", QUIET))
    left_s = view.stopping.at + view.stopping.grace_s - now
    return _line(
        (f"Stopping: running steps have {age(left_s)} left", WARN),
        (" · Ctrl-C", TITLE),
        (" again stops at once", QUIET),
    )


# --- tables ---------------------------------------------------------------------------------------


def workers_table(view: View, now: float, *, rows: int, width: int) -> Table:
    """Return the first workers that fit, each with what it runs longest."""
    table = new_table("worker", ">pid", "state", ">steps", ">age", "runs*")
    # A column that changed its width with each refresh would make the display tremble.
    for column, least in ((1, 7), (2, 10), (3, 9), (4, 5)):
        table.columns[column].min_width = least
    if width >= WIDE:
        table.add_column("job", no_wrap=True)
    workers = sorted(view.workers.values(), key=lambda worker: worker.number)
    for worker in _first(workers, rows):
        table.add_row(*_worker_row(worker, now)[: len(table.columns)])
    _add_more(table, len(workers), rows)
    return table


def _worker_row(worker: WorkerView, now: float) -> list[RenderableType]:
    state = worker.state_at(now)
    cells: list[RenderableType] = [
        str(worker.number),
        str(worker.pid),
        Text(_state_text(worker, state, now), style=WORKER_STYLES.get(state, "")),
        count(worker.settled),
    ]
    if not worker.steps:
        return [*cells, "", safe(worker.note, QUIET)]
    job_id, workflow, step, seconds = max(worker.steps, key=lambda running: running[3])
    runs = safe(f"{workflow}.{step}")
    if len(worker.steps) > 1:
        runs.append(f"  +{len(worker.steps) - 1}", style=QUIET)
    return [*cells, age(seconds + now - worker.steps_at), runs, safe(job_id, QUIET)]


def _state_text(worker: WorkerView, state: str, now: float) -> str:
    if state == "silent":
        return f"silent {age(now - worker.seen_at)}"
    if state == "waiting" and worker.restart_at is not None:
        left_s = worker.restart_at - now
        return f"back in {age(left_s)}" if left_s >= 1 else "starting"
    return state


def queues_table(view: View, now: float, *, rows: int) -> Table:
    """Return the depth of each queue, and how long its oldest ready job has waited."""
    table = new_table("queue", ">ready", ">scheduled", ">running", ">oldest")
    # Figures far from their names are hard to follow on a wide terminal.
    table.expand, table.columns[0].max_width = False, _LONGEST_QUEUE
    for name, ready, scheduled, running, oldest_s in _first(list(view.queues), rows):
        waited = None if oldest_s is None else oldest_s + now - view.queues_at
        table.add_row(safe(name), count(ready), count(scheduled), count(running), age(waited))
    _add_more(table, len(view.queues), rows)
    return table


def failures_table(view: View, now: float, *, rows: int, width: int) -> Table:
    """Return the last failures, the newest first."""
    table = new_table("last failures", "step", "error*", *(["job"] if width >= WIDE else []))
    for failure in _first(list(reversed(view.failures)), rows):
        row = [
            Text(relative(failure.at, now), style=BAD),
            safe(f"{failure.workflow}.{failure.step}"),
            safe(failure.error),
            safe(failure.job_id, QUIET),
        ]
        table.add_row(*row[: len(table.columns)])
    return table


def troubles_table(view: View, now: float, *, rows: int) -> Table:
    """Return what is wrong right now."""
    table = new_table("since", "trouble*")
    for trouble in list(view.troubles)[-rows:]:
        table.add_row(age(now - trouble.at), safe(trouble.what, WARN))
    return table


def _first(items: list[_T], rows: int) -> list[_T]:
    # The last row is needed to tell how many are left out.
    return items if len(items) <= rows else items[: max(1, rows - 1)]


def _add_more(table: Table, total: int, rows: int) -> None:
    if total > rows > 1:
        cells = [""] * len(table.columns)
        # Where there is room: in the column that may be cut.
        cells[next((n for n, column in enumerate(table.columns) if column.ratio), 0)] = (
            f"… and {count(total - rows + 1)} more"
        )
        table.add_row(*cells, style=QUIET)


# --- figures --------------------------------------------------------------------------------------


def figures(view: View, now: float, *, width: int) -> Group:
    """Return the rate of the last minute, and the totals: two lines."""
    bars = sparkline(view.per_second.series(now)[-max(10, min(60, width - _SPARKLINE_LABELS)) :])
    rated = _line(("steps ", QUIET), (bars, BUSY), (f" {rate(_rate(view, now))}", TITLE))
    p50, p99 = view.run_times.quantile(0.5), view.run_times.quantile(0.99)
    failed = view.jobs_failed
    totals = _line(
        ("jobs  ", QUIET),
        (f"{count(view.outcomes['completed'])} completed", GOOD),
        " · ",
        (f"{count(failed)} failed", BAD if failed else ""),
        ("   steps ", QUIET),
        f"{count(view.steps)} · p50 {span(p50)} · p99 {span(p99)}",
        *_others(view),
    )
    return Group(rated, totals)


def _rate(view: View, now: float) -> float:
    # A run that has just begun has no five seconds behind it.
    passed = int(now) - int(view.first_at or now)
    return view.per_second.rate(now, max(1, min(5, passed)))


def _others(view: View) -> list[tuple[str, str]]:
    figures = (
        (view.outcomes["retried"], "retried", WARN),
        (view.recovered, "recovered", WARN),
        (view.outcomes["aborted"], "aborted", WARN),
        (view.outcomes["cancelled"], "cancelled", QUIET),
        (view.outcomes["unroutable"], "unroutable", WARN),
    )
    return [(f" · {count(number)} {name}", style) for number, name, style in figures if number]


def _line(*parts: str | tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _demo() -> None:
    from ergate.display.console import make_console
    from ergate.display.demo import demo_view

    console = make_console(sys.stdout)
    view, now = demo_view()
    console.print(screen(view, now, width=console.width, height=console.height))


if __name__ == "__main__":
    _demo()
