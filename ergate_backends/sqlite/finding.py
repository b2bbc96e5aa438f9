"""Which jobs a filter names: found in narrow indexes, so that only what is shown is read whole."""

from __future__ import annotations

import sqlite3

from ergate.contracts.state_store import JobFilter
from ergate.jobs.record import JobRecord
from ergate.jobs.status import FINAL_STATUSES, JobStatus
from ergate_backends.sqlite.rows import JOB_COLUMNS, job_of

Values = list[object]

_LIVE = "jobs INDEXED BY jobs_live WHERE finished_at IS NULL"
_PAST = "jobs INDEXED BY jobs_past WHERE finished_at IS NOT NULL"
_HELD = "jobs INDEXED BY jobs_held WHERE worker_id IS NOT NULL"
_DUE = "jobs INDEXED BY jobs_due WHERE due_at IS NOT NULL"
_SOURCES = {
    JobStatus.RUNNING: _HELD,
    JobStatus.CANCELLING: _HELD,
    JobStatus.SCHEDULED: _DUE,
    JobStatus.QUEUED: _LIVE,
    JobStatus.PENDING: _LIVE,
} | dict.fromkeys(FINAL_STATUSES, _PAST)
_STORED = f"CASE WHEN cancel_requested THEN '{JobStatus.CANCELLING}' ELSE status END"
# The ready list has one row for each QUEUED job, and is narrow; what is left over is PENDING.
_LIVE_NUMBERS = f"""
    SELECT '{JobStatus.QUEUED}', (SELECT count(*) FROM ready)
    UNION ALL SELECT {_STORED}, count(*) FROM {_HELD} GROUP BY 1
    UNION ALL SELECT status, count(*) FROM {_DUE} AND status = '{JobStatus.SCHEDULED}' GROUP BY 1
    UNION ALL SELECT '{JobStatus.PENDING}', (SELECT count(*) FROM {_LIVE})
"""


def where(which: JobFilter) -> tuple[str, Values]:
    """Return the WHERE clause of a filter and its values."""
    clauses: list[str] = ["1"]
    values: Values = []
    wanted: tuple[tuple[str, object], ...] = (
        (_status(which.status), which.status and _stored(which.status)),
        ("workflow_name = ?", which.workflow),
        ("queue = ?", which.queue),
        ("created_at >= ?", which.since),
        ("finished_at < ?", which.finished_before),
    )
    for clause, value in wanted:
        if value is not None:
            clauses.append(clause)
            values.append(value)
    return " AND ".join(clauses), values


def _status(status: JobStatus | None) -> str:
    if status is JobStatus.CANCELLING:
        return "cancel_requested = 1 AND status = ?"
    if status is JobStatus.RUNNING:
        return "cancel_requested = 0 AND status = ?"
    return "status = ?"


def _stored(status: JobStatus) -> str:
    return JobStatus.RUNNING if status is JobStatus.CANCELLING else status


def list_query(which: JobFilter, limit: int, offset: int) -> tuple[str, Values]:
    """Return the query for jobs, the newest first, and its values."""
    clause, values = where(which)
    if which == JobFilter() and offset <= limit:
        # All of them: the table itself is in that order, and little is skipped.
        query = f"SELECT {JOB_COLUMNS} FROM jobs ORDER BY n DESC LIMIT ? OFFSET ?"
        return query, [limit, offset]
    arms = [f"SELECT n FROM {source} AND {clause}" for source in sources(which)]
    found = " UNION ALL ".join(arms)
    query = f"""
        SELECT {JOB_COLUMNS} FROM jobs WHERE n IN ({found} ORDER BY n DESC LIMIT ? OFFSET ?)
        ORDER BY n DESC
    """
    return query, [*values * len(arms), limit, offset]


def sources(which: JobFilter) -> list[str]:
    """Return the parts of indexes, each in the order of `n`, that have every job of a filter."""
    if which.status is not None:
        return [_SOURCES[which.status]]
    past = [f"{_PAST} AND status = '{status}'" for status in sorted(FINAL_STATUSES)]
    return past if which.finished_before is not None else [*past, _LIVE]


def listed(tx: sqlite3.Connection, which: JobFilter, limit: int, offset: int) -> list[JobRecord]:
    """Return jobs, the newest first."""
    return [job_of(row) for row in tx.execute(*list_query(which, limit, offset))]


def count(tx: sqlite3.Connection, which: JobFilter) -> dict[JobStatus, int]:
    """Return how many jobs there are by status."""
    counts: dict[JobStatus, int] = {}
    for query, values in count_queries(which):
        for status, number in tx.execute(query, values):
            counts[JobStatus(status)] = number
    if which == JobFilter():
        live = set(counts) - FINAL_STATUSES - {JobStatus.PENDING}
        counts[JobStatus.PENDING] -= sum(counts[status] for status in live)
    return {status: number for status, number in counts.items() if number}


def count_queries(which: JobFilter) -> list[tuple[str, Values]]:
    """Return the queries that count by status, with their values."""
    clause, values = where(which)
    status, queries = which.status, list[tuple[str, Values]]()
    if status is None or status.is_final:
        query = f"SELECT status, count(*) FROM {_PAST} AND {clause} GROUP BY status"
        queries.append((query, values))
    if which == JobFilter():
        queries.append((_LIVE_NUMBERS, []))
    elif which.finished_before is None and (status is None or not status.is_final):
        source = _LIVE if status is None else _SOURCES[status]
        query = f"SELECT {_STORED}, count(*) FROM {source} AND {clause} GROUP BY 1"
        queries.append((query, values))
    return queries
