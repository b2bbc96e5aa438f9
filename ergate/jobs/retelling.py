"""A job's history, told from the states that were written down one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import submitted


def retold(states: Iterable[JobRecord]) -> list[HistoryRow]:
    """Return the transitions between the states of one job, the oldest first.

    A state that says RUNNING is a claim, which has no row of its own. A step that a redelivery
    repeated is there twice; what is missing at the beginning is left out.
    """
    rows: list[HistoryRow] = []
    before: JobRecord | None = None
    for state in states:
        if before is None and _is_new(state):
            rows.append(submitted(replace(state, status=_first_status(state))))
        elif state.status is not JobStatus.RUNNING:
            rows.append(_row(before or _unknown(state), state))
        before = state
    return rows


def _is_new(state: JobRecord) -> bool:
    return state.seq == 0 and state.attempt == 0 and not state.status.is_final


def _first_status(state: JobRecord) -> JobStatus:
    return JobStatus.QUEUED if state.status is JobStatus.RUNNING else state.status


def _unknown(state: JobRecord) -> JobRecord:
    """Return what must have been before a state that is the first one left."""
    is_applied = state.status in (JobStatus.QUEUED, JobStatus.COMPLETED)
    return replace(
        state,
        seq=max(0, state.seq - 1) if is_applied else state.seq,
        step_name=None,
        worker_id=None,
    )


def _row(before: JobRecord, after: JobRecord) -> HistoryRow:
    is_applied = after.seq > before.seq
    was_running = before.status is JobStatus.RUNNING
    return HistoryRow(
        job_id=after.id,
        revision=after.revision,
        event=_event(before, after),
        status=after.status,
        seq=before.seq,
        step_name=before.step_name,
        next_step=after.step_name if is_applied and not after.status.is_final else None,
        attempt=before.attempt,
        worker_id=before.worker_id,
        claimed_at=before.updated_at if was_running else None,
        at=after.updated_at,
        result=after.last_return_value if is_applied else None,
        detail=after.error,
    )


def _event(before: JobRecord, after: JobRecord) -> str:
    if after.seq > before.seq:
        return "applied"
    if after.status.is_final:
        return str(after.status)
    if after.status is JobStatus.SCHEDULED:
        return "retried" if after.attempt > before.attempt else "unroutable"
    return "released"
