"""Any transition, the plain way: read the job, ask the pure function, write what it says.

Safe because the caller holds SQLite's only write lock. The hot acts (claim, a step applied) have
statements of their own beside this.
"""

from __future__ import annotations

import sqlite3

from ergate.jobs.events import Event, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection, apply, history_of, landed
from ergate_backends.sqlite.rows import (
    DELETE_READY_OF,
    HISTORY_COLUMNS,
    JOB_COLUMNS,
    UPDATE_JOB,
    history_of_row,
    insert_history,
    insert_ready,
    job_of,
    row_of,
)


def select_job(tx: sqlite3.Connection, job_id: str) -> JobRecord | None:
    """Return the job with this id, or None."""
    row = tx.execute(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else job_of(row)


def transition(
    tx: sqlite3.Connection, before: JobRecord, event: Event, now: float
) -> JobRecord | Rejection:
    """Apply `event` to the job `before` and write the job, its history row and its ready row."""
    after = apply(before, event, now)
    if isinstance(after, Rejection):
        return after
    if before.status is JobStatus.QUEUED:
        tx.execute(DELETE_READY_OF, (before.id,))
    ready_at = now if after.status is JobStatus.QUEUED else None
    tx.execute(UPDATE_JOB, (*row_of(after), ready_at, before.id))
    row = history_of(before, event, after)
    if row is not None:
        insert_history(tx, row)
    if ready_at is not None:
        insert_ready(tx, after, ready_at)
    return after


def has_landed(tx: sqlite3.Connection, settlement: Settlement) -> bool:
    """Whether this settlement was written before, by a call whose answer got lost."""
    row = tx.execute(
        f"SELECT {HISTORY_COLUMNS} FROM history WHERE job_id = ? AND revision = ?",
        (settlement.job_id, settlement.revision + 1),
    ).fetchone()
    return row is not None and landed(history_of_row(row), settlement)
