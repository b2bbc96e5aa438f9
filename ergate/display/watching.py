"""One job while somebody watches it: line by line, or as a picture that changes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from ergate.display.escape import fit, safe
from ergate.display.figures import age, local_time, span
from ergate.display.jobs import error_detail, history_table, status_text
from ergate.display.styles import QUIET, TITLE
from ergate.jobs.errors import JobError
from ergate.jobs.record import HistoryRow, JobRecord

_LONGEST = 200
_BAR = 24


def history_line(row: HistoryRow) -> str:
    """Return one transition as a line without control characters."""
    step = row.step_name or ""
    if row.next_step:
        step = f"{step} → {row.next_step}".strip()
    ran = "" if row.claimed_at is None else f"after {span(row.at - row.claimed_at)}"
    parts = (local_time(row.at), row.event, step, ran, f"[{row.status}]", _said(row))
    return fit("  ".join(part for part in parts if part), _LONGEST)


def claim_line(record: JobRecord) -> str:
    """Return that a worker has the job as a line without control characters."""
    step = record.step_name or str(record.current_step)
    at = local_time(record.claimed_at or record.updated_at)
    return fit(f"{at}  claimed  {step}  by {record.worker_id}", _LONGEST)


def watched(record: JobRecord, rows: Sequence[HistoryRow], now: float) -> RenderableType:
    """Return a job as it is `now`, in seconds since 1970, with all that happened to it."""
    title = Text.assemble((fit(record.workflow_name, _LONGEST), TITLE), "  ", safe(record.id))
    parts: list[RenderableType] = [title, _state(record, now), Text(), history_table(rows)]
    if record.error:
        parts += [Text(), error_detail(JobError.from_json(record.error))]
    return Group(*parts)


def _state(record: JobRecord, now: float) -> Text:
    done = int(_BAR * record.percent_completed / 100)
    line = Text.assemble(
        status_text(record.shown_status),
        f"  {'█' * done}{'░' * (_BAR - done)} {record.percent_completed:.0f}%  ",
    )
    if record.status.is_final:
        return line
    line.append(fit(record.step_name or str(record.current_step), _LONGEST))
    since = record.claimed_at or record.updated_at
    return line.append(f"  for {age(now - since)}", style=QUIET)


def _said(row: HistoryRow) -> str:
    if row.detail is None:
        return ""
    if not row.detail.startswith("{"):
        return row.detail
    error = JobError.from_json(row.detail)
    return f"{error.type}: {error.message}"
