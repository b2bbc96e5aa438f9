"""What people ask about queues and workers."""

from __future__ import annotations

import json
import sqlite3

from ergate.contracts.state_store import QueueStats, WorkerInfo

_QUEUES = """
    SELECT queue, sum(ready), sum(scheduled), sum(running), min(oldest), min(due) FROM (
        SELECT queue, count(*) AS ready, 0 AS scheduled, 0 AS running, min(ready_at) AS oldest,
               NULL AS due
        FROM ready GROUP BY queue
        UNION ALL
        SELECT queue, 0, count(*), 0, NULL, min(due_at)
        FROM jobs WHERE due_at IS NOT NULL AND status = 'scheduled' GROUP BY queue
        UNION ALL
        SELECT queue, 0, 0, count(*), NULL, NULL
        FROM jobs WHERE worker_id IS NOT NULL GROUP BY queue
    ) GROUP BY queue ORDER BY queue
"""


def queues(tx: sqlite3.Connection) -> list[QueueStats]:
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
        for queue, ready, scheduled, running, oldest, due in tx.execute(_QUEUES)
    ]


def workers(tx: sqlite3.Connection) -> list[WorkerInfo]:
    """Return every worker that has a lease."""
    rows = tx.execute(
        "SELECT worker_id, host, pid, started_at, queues, concurrency, expires_at FROM workers "
        "ORDER BY started_at, worker_id"
    )
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
        for worker_id, host, pid, started_at, queues, concurrency, expires_at in rows
    ]
