"""Claims: from the ready list, or by ticket."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket
from ergate_backends.sqlite.rows import JOB_COLUMNS, job_of

_PICK = """
    SELECT priority, position, job_id, revision, alone FROM ready
    WHERE queue = ? ORDER BY priority DESC, position LIMIT ?
"""

_CLAIM = f"""
    UPDATE jobs SET status = 'running', revision = revision + 1, deliveries = deliveries + 1,
                    worker_id = ?, claimed_at = ?
    WHERE id = ? AND revision = ? AND status = 'queued'
    RETURNING {JOB_COLUMNS}
"""

Picked = tuple[str, int]
"""A job's id and the revision at which it is ready."""


def has_ready(tx: sqlite3.Connection, queues: Sequence[str]) -> bool:
    """Whether any of `queues` has something to claim."""
    query = "SELECT 1 FROM ready WHERE queue = ? LIMIT 1"
    return any(tx.execute(query, (queue,)).fetchone() for queue in queues)


def pick(tx: sqlite3.Connection, queues: Sequence[str], limit: int) -> list[Picked]:
    """Return what to claim next: one job that must run alone, or jobs of which none must."""
    found = [row for queue in queues for row in tx.execute(_PICK, (queue, limit))]
    if len(queues) > 1:  # each queue is in order already; merge them
        found.sort(key=lambda row: (-row[0], row[1]))
    picked: list[Picked] = []
    for _, _, job_id, revision, alone in found[:limit]:
        if alone and picked:
            break
        picked.append((job_id, revision))
        if alone:
            break
    return picked


def claim(
    tx: sqlite3.Connection, picked: Iterable[Picked], worker_id: str, now: float
) -> list[JobRecord]:
    """Claim those of `picked` that are still QUEUED at their revision."""
    picked = list(picked)
    tx.executemany("DELETE FROM ready WHERE job_id = ? AND revision = ?", picked)
    claimed = []
    for job_id, revision in picked:
        row = tx.execute(_CLAIM, (worker_id, now, job_id, revision)).fetchone()
        if row is not None:
            claimed.append(job_of(row))
    return claimed


def picked_by_ticket(tickets: Iterable[Ticket]) -> list[Picked]:
    """Return the job and revision that each ticket names, once."""
    return list(dict.fromkeys((ticket.job_id, ticket.revision) for ticket in tickets))
