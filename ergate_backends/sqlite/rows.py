"""Rows to records and back."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from typing import Any

from ergate.errors import CorruptRecord
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus

JOB_FIELDS = tuple(field.name for field in fields(JobRecord))
JOB_COLUMNS = ", ".join(JOB_FIELDS)
HISTORY_FIELDS = tuple(field.name for field in fields(HistoryRow))
HISTORY_COLUMNS = ", ".join(HISTORY_FIELDS)

_STATUSES = {status.value: status for status in JobStatus}

INSERT_JOB = (
    f"INSERT INTO jobs ({JOB_COLUMNS}, ready_at) VALUES ({', '.join('?' * len(JOB_FIELDS))}, ?) "
    "ON CONFLICT (id) DO NOTHING"
)
UPDATE_JOB = (
    f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in JOB_FIELDS)}, ready_at = ? WHERE id = ?"
)
INSERT_HISTORY = (
    f"INSERT INTO history ({HISTORY_COLUMNS}) VALUES ({', '.join('?' * len(HISTORY_FIELDS))})"
)
INSERT_READY = (
    "INSERT INTO ready (queue, rank, ready_at, job_id, revision, alone) VALUES (?, ?, ?, ?, ?, ?)"
)
DELETE_READY_OF = """
    DELETE FROM ready WHERE (queue, rank, ready_at, job_id) =
           (SELECT queue, -priority, ready_at, id FROM jobs WHERE id = ?)
"""


def readable(raw: bytes) -> str:
    """Return stored text; bytes that are no UTF-8 become visible escapes, which are no JSON."""
    return raw.decode("utf-8", "backslashreplace")


def job_of(row: tuple[Any, ...]) -> JobRecord:
    """Return the record of a row selected as `JOB_COLUMNS`; raises `CorruptRecord`."""
    values = dict(zip(JOB_FIELDS, row, strict=True))
    status = _STATUSES.get(values["status"])
    if status is None:
        raise CorruptRecord(f"Job {values['id']!r} has the unknown status {values['status']!r}.")
    values["status"] = status
    values["alone"] = bool(values["alone"])
    values["cancel_requested"] = bool(values["cancel_requested"])
    for name, value in values.items():
        if value.__class__ is bytes:  # no column of ours holds any; a name is compared and shown
            values[name] = readable(value)
    return JobRecord(**values)


def row_of(record: JobRecord) -> tuple[Any, ...]:
    """Return the values of a record in the order of `JOB_COLUMNS`."""
    return tuple(getattr(record, name) for name in JOB_FIELDS)


def history_of_row(row: tuple[Any, ...]) -> HistoryRow:
    """Return the history row of a row selected as `HISTORY_COLUMNS`; raises `CorruptRecord`."""
    values = dict(zip(HISTORY_FIELDS, row, strict=True))
    status = _STATUSES.get(values["status"])
    if status is None:
        raise CorruptRecord(
            f"The history of job {values['job_id']!r} has the unknown status "
            f"{values['status']!r} at revision {values['revision']!r}."
        )
    values["status"] = status
    return HistoryRow(**values)


def insert_ready(tx: sqlite3.Connection, record: JobRecord, ready_at: float) -> None:
    """Add the ready row of a QUEUED job."""
    key = (record.queue, -record.priority, ready_at, record.id)
    tx.execute(INSERT_READY, (*key, record.revision, record.alone))


def insert_history(tx: sqlite3.Connection, row: HistoryRow) -> None:
    """Append one history row."""
    tx.execute(INSERT_HISTORY, tuple(getattr(row, name) for name in HISTORY_FIELDS))
