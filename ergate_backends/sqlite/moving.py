"""Jobs that leave for another store, and those that come from one: each act in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ergate.contracts.moving import Admitted, Traveller
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate_backends.sqlite.quarantine import sound
from ergate_backends.sqlite.rows import (
    HISTORY_COLUMNS,
    HISTORY_FIELDS,
    INSERT_HISTORY,
    INSERT_JOB,
    INSERT_READY,
    JOB_COLUMNS,
    JOB_FIELDS,
    history_of_row,
    job_of,
    row_of,
)

_COLUMNS_OF_JOBS = ", ".join(f"jobs.{name}" for name in JOB_FIELDS)
_READY = f"""
    SELECT {_COLUMNS_OF_JOBS} FROM
           (SELECT queue, rank, ready_at, job_id, revision FROM ready
            ORDER BY queue, rank, ready_at, job_id LIMIT ?) AS row
    CROSS JOIN jobs ON jobs.id = row.job_id
     AND jobs.revision = row.revision AND jobs.status = 'queued'
    ORDER BY row.queue, row.rank, row.ready_at, row.job_id
"""
_SCHEDULED = f"""
    SELECT {JOB_COLUMNS} FROM jobs WHERE due_at IS NOT NULL AND status = 'scheduled'
    ORDER BY due_at LIMIT ?
"""
_UNREADY = """
    DELETE FROM ready WHERE (queue, rank, ready_at, job_id) IN
           (SELECT queue, -priority, ready_at, id FROM jobs
            WHERE id IN (SELECT value FROM json_each(?)) AND status = 'queued')
"""
_DEPART = f"""
    UPDATE jobs SET status = 'pending', revision = revision + 1, updated_at = ?, ready_at = NULL
    WHERE id IN (SELECT value FROM json_each(?)) RETURNING {JOB_COLUMNS}
"""
_TELL = """
    INSERT INTO history (job_id, revision, event, status, seq, step_name, attempt, at, detail)
    SELECT id, revision, 'departed', status, seq, step_name, attempt, updated_at, ?
    FROM jobs WHERE id IN (SELECT value FROM json_each(?))
"""
# Nothing lists what is PENDING: an index would cost every claim, and this is asked once per move.
_PENDING = f"""
    SELECT {JOB_COLUMNS} FROM jobs WHERE status = 'pending'
    ORDER BY updated_at, created_at, id LIMIT ? OFFSET ?
"""
_HISTORIES = f"""
    SELECT {HISTORY_COLUMNS} FROM history WHERE job_id IN (SELECT value FROM json_each(?))
    ORDER BY job_id, revision
"""
_HERE = """
    SELECT id, status, revision, created_at FROM jobs WHERE id IN (SELECT value FROM json_each(?))
"""
_GONE = """
    SELECT jobs.id FROM jobs JOIN json_each(?) AS gone ON jobs.id = gone.value ->> 0
    WHERE jobs.revision = gone.value ->> 1 AND jobs.status = 'pending'
"""


def depart(tx: sqlite3.Connection, limit: int, destination: str, now: float) -> list[Traveller]:
    """Let waiting jobs go: what is ready first, then what comes due first."""
    waiting = sound(tx, tx.execute(_READY, (limit,)).fetchall(), now)
    if len(waiting) < limit:
        waiting += sound(tx, tx.execute(_SCHEDULED, (limit - len(waiting),)).fetchall(), now)
    ids = _ids(waiting)
    tx.execute(_UNREADY, (ids,))
    gone = {job.id: job for job in map(job_of, tx.execute(_DEPART, (now, ids)).fetchall())}
    tx.execute(_TELL, (destination, ids))
    return _travellers(tx, [gone[job.id] for job in waiting])


def departed(tx: sqlite3.Connection, limit: int, offset: int) -> list[Traveller]:
    """Return the PENDING jobs, the first to depart first."""
    return _travellers(tx, [job_of(row) for row in tx.execute(_PENDING, (limit, offset))])


def _travellers(tx: sqlite3.Connection, jobs: Sequence[JobRecord]) -> list[Traveller]:
    rows: dict[str, list[HistoryRow]] = {job.id: [] for job in jobs}
    for found in tx.execute(_HISTORIES, (_ids(jobs),)):
        row = history_of_row(found)
        rows[row.job_id].append(row)
    return [Traveller(job, rows[job.id]) for job in jobs]


def admit(tx: sqlite3.Connection, travellers: Sequence[Traveller], now: float) -> Admitted:
    """Take in jobs of another store, in their order."""
    come = {one.job.id: one.arrived(now) for one in reversed(travellers)}
    here = {row[0]: row[1:] for row in tx.execute(_HERE, (json.dumps(list(come)),))}
    back = [(job_id,) for job_id in come if _comes_back(here.get(job_id), come[job_id].job)]
    kept_out = [job_id for job_id in here if here[job_id][2] != come[job_id].job.created_at]
    tx.executemany("DELETE FROM history WHERE job_id = ?", back)
    tx.executemany("DELETE FROM jobs WHERE id = ?", back)
    new = [
        come[job_id]
        for job_id in dict.fromkeys(one.job.id for one in travellers)
        if job_id not in here or (job_id,) in set(back)
    ]
    return Admitted(_store(tx, new, now), kept_out)


def _comes_back(here: tuple[Any, ...] | None, new: JobRecord) -> bool:
    if here is None or here[2] != new.created_at:
        return False
    return bool(here[0] == JobStatus.PENDING and here[1] < new.revision)


def _store(tx: sqlite3.Connection, new: Sequence[Traveller], now: float) -> list[Ticket]:
    # The old rows come before their job: feeds hear of history only when its job is there, and
    # these were told by the store in which they happened.
    tx.executemany(INSERT_HISTORY, _values(row for one in new for row in one.history[:-1]))
    waiting = [one.job for one in new if one.job.status is JobStatus.QUEUED]
    # A microsecond apart, so that they wait in the order of their coming.
    ready_at = {job.id: now + number * 1e-6 for number, job in enumerate(waiting)}
    tx.executemany(INSERT_JOB, [(*row_of(one.job), ready_at.get(one.job.id)) for one in new])
    tx.executemany(INSERT_HISTORY, _values(one.history[-1] for one in new))
    tx.executemany(
        INSERT_READY,
        [
            (job.queue, -job.priority, ready_at[job.id], job.id, job.revision, job.alone)
            for job in waiting
        ],
    )
    return [Ticket(job.id, job.revision, job.queue) for job in waiting]


def dismiss(tx: sqlite3.Connection, gone: Mapping[str, int]) -> int:
    """Delete PENDING jobs that are still at these revisions."""
    found = tx.execute(_GONE, (json.dumps(list(gone.items())),)).fetchall()
    tx.executemany("DELETE FROM history WHERE job_id = ?", found)
    tx.executemany("DELETE FROM jobs WHERE id = ?", found)
    return len(found)


def _ids(jobs: Iterable[JobRecord]) -> str:
    return json.dumps([job.id for job in jobs])


def _values(rows: Iterable[HistoryRow]) -> list[tuple[object, ...]]:
    return [tuple(getattr(row, name) for name in HISTORY_FIELDS) for row in rows]
