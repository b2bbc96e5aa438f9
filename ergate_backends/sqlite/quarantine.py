"""Rows that something else has damaged: they fail here, before they can trouble a worker.

A worker that stumbles over such a row would take its neighbours along, and so would the next one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from ergate.jobs.errors import JobError
from ergate.jobs.record import JobRecord
from ergate_backends.sqlite.rows import job_of

_COUNTS = (
    "priority",
    "revision",
    "seq",
    "current_step",
    "attempt",
    "deliveries",
    "unroutable",
    "steps_completed",
)
_MEASURES = (
    "percent_completed",
    "created_at",
    "updated_at",
    "claimed_at",
    "due_at",
    "requested_start_time",
    "finished_at",
)

_FAIL = """
    UPDATE jobs SET status = 'failed', revision = revision + 1, error = ?, worker_id = NULL,
           claimed_at = NULL, due_at = NULL, cancel_requested = 0, finished_at = ?, updated_at = ?
    WHERE id = ?
"""
_TELL = """
    INSERT INTO history (job_id, revision, event, status, seq, step_name, attempt, worker_id, at,
                         detail)
    SELECT id, revision, 'failed', 'failed', seq, step_name, 0, ?, ?, error FROM jobs WHERE id = ?
"""


def sound(tx: sqlite3.Connection, rows: Iterable[tuple[Any, ...]], now: float) -> list[JobRecord]:
    """Return the records of rows selected as `JOB_COLUMNS`; a damaged one becomes FAILED.

    What stands in a damaged row is left as it is, for a person to look at.
    """
    kept = []
    for record in map(job_of, rows):
        column = damaged_column(record)
        if column is None:
            kept.append(record)
        else:
            _fail(tx, record, column, now)
    return kept


def damaged_column(record: JobRecord) -> str | None:
    """Return the first column that holds no number where there must be one."""
    for name in _COUNTS:
        if getattr(record, name).__class__ is not int:
            return name
    for name in _MEASURES:
        value = getattr(record, name)
        if value.__class__ is not float and value is not None and value.__class__ is not int:
            return name
    return None


def _fail(tx: sqlite3.Connection, record: JobRecord, column: str, now: float) -> None:
    message = (
        f"The stored {column} of this job is {str(getattr(record, column))[:60]!r}, which is no "
        "number. Something other than Ergate wrote to the store, or its disk is damaged."
    )
    error = JobError(type="CorruptRecord", message=message, step_name=record.step_name).to_json()
    tx.execute(_FAIL, (error, now, now, record.id))
    tx.execute(_TELL, (record.worker_id, now, record.id))
