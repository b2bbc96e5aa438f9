"""Jobs as the command line shows them: a list, one in detail, and its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ergate.display.escape import escape_lines, fit, safe
from ergate.display.figures import NOTHING, count, counted, local_time, relative, span
from ergate.display.job_facts import JobFacts, facts_of, pretty
from ergate.display.styles import BAD, QUIET, STATUS_STYLES, TITLE
from ergate.display.tables import new_table
from ergate.jobs.errors import JobError
from ergate.jobs.job import Job
from ergate.jobs.record import HistoryRow, JobRecord

_WIDE = 110
LONGEST_CELL = 200
LONGEST_PAYLOAD = 4_000
"""Characters of a payload that are shown; `--json` prints all of it."""


def status_text(status: str) -> Text:
    """Return a status in its colour."""
    return safe(status, STATUS_STYLES.get(status, ""))


def jobs_table(jobs: Sequence[Job | JobRecord], now: float, *, width: int = 80) -> RenderableType:
    """Return jobs, one in a line; times are as seen from `now`, in seconds since 1970.

    Their errors are shown where `width`, that of the terminal, leaves room for them.
    """
    if not jobs:
        return Text("No jobs.", style=QUIET)
    titles = ("id", "status", "workflow.step*", ">done", "created", "error*")
    table = new_table(*titles[: len(titles) if width >= _WIDE else -1])
    # An id is there to be copied.
    table.columns[0].min_width = min(36, max(len(str(job.id)) for job in jobs))
    for facts in map(facts_of, jobs):
        cells = (
            safe(facts.id),
            status_text(facts.status),
            Text(fit(f"{facts.workflow}.{facts.step}", LONGEST_CELL)),
            f"{facts.percent:.0f}%",
            relative(facts.created_at, now),
            Text(_one_line(facts.error), style=QUIET),
        )
        table.add_row(*cells[: len(table.columns)])
    return table


def _one_line(error: JobError | None) -> str:
    return "" if error is None else fit(f"{error.type}: {error.message}", LONGEST_CELL)


# --- one job --------------------------------------------------------------------------------------


def job_detail(job: Job | JobRecord, now: float) -> RenderableType:
    """Return everything about one job: its fields, payloads and the last error."""
    facts = facts_of(job)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=QUIET, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in _fields(facts, now):
        grid.add_row(name, value)
    parts: list[RenderableType] = [grid]
    for title, text in (
        ("input", facts.input),
        ("last return value", facts.last_return),
        ("context", facts.context),
        ("own fields", facts.extra),
    ):
        if text not in ("null", "{}"):
            parts += [Text(), Text(title, style=TITLE), payload(text)]
    if facts.error is not None:
        parts += [Text(), error_detail(facts.error)]
    return Group(*parts)


def _fields(facts: JobFacts, now: float) -> Iterator[tuple[str, Text]]:
    yield "id", safe(facts.id)
    yield "status", status_text(facts.status)
    yield "workflow", safe(facts.workflow)
    yield "step", safe(f"{facts.step}  ({facts.seq} done, {facts.percent:.1f}%)")
    yield "queue", safe(f"{facts.queue}  priority {facts.priority}")
    if facts.attempt:
        yield "failed", Text(counted(facts.attempt, "time"))
    if facts.deliveries:
        yield "claimed", Text(f"{counted(facts.deliveries, 'time')} without an outcome")
    if facts.worker_id:
        yield "worker", safe(facts.worker_id)
    for name, moment in (
        ("asked for", facts.requested_start),
        ("due", facts.due_at),
        ("created", facts.created_at),
        ("updated", facts.updated_at),
        ("finished", facts.finished_at),
    ):
        if moment is not None:
            yield name, Text(f"{local_time(moment)}  {relative(moment, now)}")


def payload(text: str) -> Text:
    """Return JSON text over several lines, escaped, and cut when it is very long."""
    whole = pretty(text)
    shown = Text("\n".join(f"  {line}" for line in escape_lines(whole[:LONGEST_PAYLOAD])))
    if len(whole) > LONGEST_PAYLOAD:
        left_out = count(len(whole) - LONGEST_PAYLOAD)
        shown.append(f"\n  … {left_out} more characters; --json prints them", style=QUIET)
    return shown


def error_detail(error: JobError) -> RenderableType:
    """Return an error with its traceback."""
    where = f" in step {error.step_name}" if error.step_name else ""
    title = Text.assemble(("error", BAD), Text(fit(where, LONGEST_CELL)))
    said = Text("\n".join(f"  {line}" for line in escape_lines(f"{error.type}: {error.message}")))
    if not error.traceback:
        return Group(title, said)
    lines = Text("\n".join(f"  {line}" for line in escape_lines(error.traceback)), style=QUIET)
    return Group(title, said, Text(), lines)


# --- history --------------------------------------------------------------------------------------


def history_table(rows: Sequence[HistoryRow]) -> RenderableType:
    """Return a job's transitions in order, each with the time since the first."""
    if not rows:
        return Text("No history.", style=QUIET)
    table = new_table(">after", "event", "step*", "status", ">ran", "worker*", "detail*")
    for row in rows:
        ran_s = None if row.claimed_at is None else row.at - row.claimed_at
        table.add_row(
            f"+{span(row.at - rows[0].at)}",
            safe(row.event),
            Text(fit(_step_of(row), LONGEST_CELL)),
            status_text(row.status.value),
            NOTHING if ran_s is None else span(ran_s),
            Text(fit(row.worker_id or NOTHING, LONGEST_CELL), style=QUIET),
            Text(_detail(row), style=QUIET),
        )
    return table


def _step_of(row: HistoryRow) -> str:
    return f"{row.step_name or NOTHING} → {row.next_step}" if row.next_step else row.step_name or ""


def _detail(row: HistoryRow) -> str:
    if row.detail is None:
        return "" if row.result is None else fit(f"returned {row.result}", LONGEST_CELL)
    if row.detail.startswith("{"):
        return _one_line(JobError.from_json(row.detail))
    return fit(row.detail, LONGEST_CELL)
