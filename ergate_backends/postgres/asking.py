"""What people ask about queues, workers and activity."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from ergate.contracts.activity import SAMPLES, Activity
from ergate.contracts.state_store import QueueStats, WorkerInfo
from ergate.errors import CorruptRecord
from ergate.jobs.record import JobRecord
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.rows import job_of, storable

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
