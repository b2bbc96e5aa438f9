"""Claims: from the ready list, or by ticket."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket
from ergate_backends.sqlite.rows import DELETE_READY, DELETE_READY_OF, JOB_COLUMNS, job_of

_PICK = """
    SELECT rank, ready_at, job_id, revision, alone, queue FROM ready
    WHERE queue = ? ORDER BY rank, ready_at, job_id LIMIT ?
"""

_CLAIM = f"""
    UPDATE jobs SET status = 'running', revision = revision + 1, deliveries = deliveries + 1,
                    worker_id = ?, claimed_at = ?
    WHERE id = ? AND revision = ? AND status = 'queued'
    RETURNING {JOB_COLUMNS}
"""


def has_ready(tx: sqlite3.Connection, queues: Sequence[str]) -> bool:
    """Whether any of `queues` has something to claim."""
    query = "SELECT 1 FROM ready WHERE queue = ? LIMIT 1"
    return any(tx.execute(query, (queue,)).fetchone() for queue in queues)


def claim_ready(
    tx: sqlite3.Connection, queues: Sequence[str], limit: int, worker_id: str, now: float
) -> list[JobRecord]:
    """Claim what is next: one job that must run alone, or jobs of which none must."""
    found = [row for queue in queues for row in tx.execute(_PICK, (queue, limit))]
    if len(queues) > 1:  # each queue is in order already; merge them
        found.sort()
    picked: list[tuple[str, int, float, str, int]] = []
    for rank, ready_at, job_id, revision, alone, queue in found[:limit]:
        if alone and picked:
            break
        picked.append((queue, rank, ready_at, job_id, revision))
        if alone:
            break
    tx.executemany(DELETE_READY, [row[:4] for row in picked])
    rows = [
        tx.execute(_CLAIM, (worker_id, now, job_id, revision)).fetchone()
        for *_, job_id, revision in picked
    ]
    return [job_of(row) for row in rows if row is not None]


def claim(
    tx: sqlite3.Connection, tickets: Iterable[Ticket], worker_id: str, now: float
) -> list[JobRecord]:
    """Claim the jobs that `tickets` name, as far as they are still QUEUED at that revision."""
    claimed = []
    for job_id, revision in dict.fromkeys((t.job_id, t.revision) for t in tickets):
        row = tx.execute(_CLAIM, (worker_id, now, job_id, revision)).fetchone()
        if row is not None:
            tx.execute(DELETE_READY_OF, (job_id,))  # a claim changes nothing of the key
            claimed.append(job_of(row))
    return claimed
