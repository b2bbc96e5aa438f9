"""Claims: from the ready list, or by ticket."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket
from ergate_backends.sqlite.quarantine import sound
from ergate_backends.sqlite.rows import DELETE_READY_OF, JOB_FIELDS

_PICK = """
    SELECT rank, ready_at, job_id, revision, alone, queue FROM ready
    WHERE queue = ? ORDER BY rank, ready_at, job_id LIMIT ?
"""

_UNREADY = "DELETE FROM ready WHERE queue = ? AND (rank, ready_at, job_id) <= (?, ?, ?)"

# One call for all of them, like a batch of settlements.
_CLAIM = f"""
    UPDATE jobs SET status = 'running', revision = jobs.revision + 1, deliveries = deliveries + 1,
                    worker_id = ?, claimed_at = ?
    FROM json_each(?) AS picked
    WHERE jobs.id = picked.value ->> 0 AND jobs.revision = picked.value ->> 1
      AND jobs.status = 'queued'
    RETURNING {", ".join(f"jobs.{name}" for name in JOB_FIELDS)}
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
    picked = _batch(list(dict.fromkeys(found))[:limit])  # a queue may be named twice
    last = {
        queue: (queue, rank, ready_at, job_id) for rank, ready_at, job_id, _, _, queue in picked
    }
    for key in last.values():
        tx.execute(_UNREADY, key)
    return _claim(tx, [(row[2], row[3]) for row in picked], worker_id, now)


def _batch(found: list[Any]) -> list[Any]:
    """Return the first rows of which none must run alone, or the first one that must."""
    alone = next((number for number, row in enumerate(found) if row[4]), None)
    return found if alone is None else found[: max(alone, 1)]


def claim(
    tx: sqlite3.Connection, tickets: Iterable[Ticket], worker_id: str, now: float
) -> list[JobRecord]:
    """Claim the jobs that `tickets` name, as far as they are still QUEUED at that revision."""
    named = list(dict.fromkeys((ticket.job_id, ticket.revision) for ticket in tickets))
    claimed = _claim(tx, named, worker_id, now)
    # A claim changes nothing that the key of the ready row consists of.
    tx.executemany(DELETE_READY_OF, [(job.id,) for job in claimed])
    return claimed


def _claim(
    tx: sqlite3.Connection, wanted: list[tuple[str, int]], worker_id: str, now: float
) -> list[JobRecord]:
    rows = tx.execute(_CLAIM, (worker_id, now, json.dumps(wanted))).fetchall()
    claimed = {job.id: job for job in sound(tx, rows, now)}  # SQLite returns them in any order
    return [claimed[job_id] for job_id, _ in wanted if job_id in claimed]
