"""The outbox: ready rows whose ticket no queue has confirmed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ergate.jobs.ticket import Ticket

_UNPUBLISHED = """
    SELECT job_id, revision, queue FROM ready
    WHERE published_at IS NULL AND ready_at <= ? ORDER BY ready_at LIMIT ?
"""
_PUBLISHED = """
    UPDATE ready SET published_at = ? WHERE revision = ? AND (queue, rank, ready_at, job_id) IN
           (SELECT queue, -priority, ready_at, id FROM jobs WHERE id = ? AND revision = ?)
"""
_REPUBLISH = """
    UPDATE ready SET published_at = NULL WHERE (queue, rank, ready_at, job_id) IN
           (SELECT queue, rank, ready_at, job_id FROM ready WHERE published_at <= ? LIMIT ?)
"""


def unpublished(tx: sqlite3.Connection, limit: int, until: float) -> list[Ticket]:
    """Return what became ready until then and has not been confirmed."""
    return [Ticket(*row) for row in tx.execute(_UNPUBLISHED, (until, limit))]


def published(tx: sqlite3.Connection, tickets: Sequence[Ticket], now: float) -> None:
    """Note that a queue confirmed these; one whose revision has passed changes nothing."""
    tx.executemany(_PUBLISHED, [(now, one.revision, one.job_id, one.revision) for one in tickets])


def republish(tx: sqlite3.Connection, until: float, limit: int) -> int:
    """Count as unpublished again what was confirmed until then; return how many it were."""
    return tx.execute(_REPUBLISH, (until, limit)).rowcount
