"""What people ask: lists, counts, queues, activity."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from ergate.contracts.activity import SAMPLES, Activity
from ergate.contracts.state_store import JobFilter, QueueStats, WorkerInfo
from ergate.errors import CorruptRecord
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import LONG_ANSWER_S
from ergate_backends.postgres.rows import job_of, storable

_COUNT = """
    SELECT CASE WHEN cancel_requested AND status = 'running' THEN 'cancelling' ELSE status END,
           count(*)
    FROM {schema}.jobs WHERE {filter} GROUP BY 1
"""
_WORKERS = """
    SELECT worker_id, host, pid, started_at, queues, concurrency, expires_at FROM {schema}.workers
    ORDER BY started_at, worker_id
"""


def get_many(acts: Acts, ids: Sequence[str]) -> dict[str, JobRecord]:
    """Return those of the jobs that exist and can be read."""
    query = acts.sql.of("SELECT {job_columns} FROM {schema}.jobs WHERE id = ANY(%(ids)s)")
    found: dict[str, JobRecord] = {}
    for row in acts.ask_text(query, ids=[storable(job_id) for job_id in ids]):
        with suppress(CorruptRecord):
            job = job_of(row)
            found[job.id] = job
    return found


def where(which: JobFilter) -> tuple[str, dict[str, object]]:
    """Return the condition of a filter and its values."""
    clauses: list[str] = ["true"]
    values: dict[str, object] = {}
    wanted: tuple[tuple[str, str, object], ...] = (
        (_status(which.status), "status", which.status and _stored(which.status)),
        ("workflow_name = %(workflow)s", "workflow", storable(which.workflow)),
        ("queue = %(queue)s", "queue", storable(which.queue)),
        ("created_at >= %(since)s::float8", "since", which.since),
        ("finished_at < %(before)s::float8", "before", which.finished_before),
    )
    for clause, name, value in wanted:
        if value is not None:
            clauses.append(clause)
            values[name] = value
    return " AND ".join(clauses), values


def _status(status: JobStatus | None) -> str:
    if status is JobStatus.CANCELLING:
        return "cancel_requested AND status = %(status)s"
    if status is JobStatus.RUNNING:
        return "NOT cancel_requested AND status = %(status)s"
    if status is not None and status.is_final:
        return "ended_as = %(status)s AND finished_at IS NOT NULL"  # as the index says it
    return "status = %(status)s"


def _stored(status: JobStatus) -> str:
    return JobStatus.RUNNING.value if status is JobStatus.CANCELLING else status.value


def count(acts: Acts, which: JobFilter) -> dict[JobStatus, int]:
    """Return how many jobs there are by status."""
    condition, values = where(which)
    query = acts.sql.fill(_COUNT, filter=condition)
    with acts.pool.use(LONG_ANSWER_S) as connection, connection.transaction():
        # It reads the whole table, for which our connections have no plan otherwise.
        connection.execute(b"SET LOCAL enable_seqscan = on")
        rows = acts.on(connection, query, **values)
    return {JobStatus(status): number for status, number in rows}


def queues(acts: Acts) -> list[QueueStats]:
    """Return what waits in each queue that has live jobs."""
    return [
        QueueStats(
            queue=queue,
            ready=ready,
            scheduled=scheduled,
            running=running,
            oldest_ready_at=oldest,
            next_due_at=due,
        )
        for queue, ready, scheduled, running, oldest, due in acts.ask("queues")
    ]


def workers(acts: Acts) -> list[WorkerInfo]:
    """Return every worker that has a lease."""
    return [
        WorkerInfo(
            worker_id=worker_id,
            host=host,
            pid=pid,
            started_at=started_at,
            queues=tuple(json.loads(queues)),
            concurrency=concurrency,
            expires_at=expires_at,
        )
        for worker_id, host, pid, started_at, queues, concurrency, expires_at in acts.ask_text(
            acts.sql.of(_WORKERS)
        )
    ]


def activity(acts: Acts, since: float, span_s: float, spans: int) -> list[Activity]:
    """Return what ended in each span."""
    rows = acts.ask(
        "activity", since=float(since), span_s=float(span_s), spans=spans, samples=SAMPLES
    )
    return [
        Activity(at=at, completed=completed, failed=failed, p50_s=p50_s, p99_s=p99_s)
        for at, completed, failed, p50_s, p99_s in rows
    ]
