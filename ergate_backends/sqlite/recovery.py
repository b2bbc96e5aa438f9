"""Leases of workers, and what becomes of jobs whose worker is gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ergate.contracts.state_store import Swept, WorkerInfo
from ergate.jobs.events import CameDue, RecoveryPolicy, WorkerDied
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection
from ergate_backends.sqlite.quarantine import sound
from ergate_backends.sqlite.rows import JOB_COLUMNS
from ergate_backends.sqlite.transition import transition

_UPSERT = """
    INSERT INTO workers (worker_id, host, pid, started_at, queues, concurrency, expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (worker_id) DO UPDATE SET expires_at = excluded.expires_at
"""

# A missing lease and an ended one mean the same, so no job can hide behind a pruned worker row.
_ORPHANS = f"""
    SELECT {JOB_COLUMNS} FROM jobs WHERE worker_id IS NOT NULL AND worker_id NOT IN
           (SELECT worker_id FROM workers WHERE expires_at > ?) LIMIT ?
"""


def heartbeat(
    tx: sqlite3.Connection, workers: Sequence[WorkerInfo], lease_s: float, now: float
) -> list[str]:
    """Renew leases; return the workers that had none."""
    alive = {
        row[0] for row in tx.execute("SELECT worker_id FROM workers WHERE expires_at > ?", (now,))
    }
    tx.executemany(
        _UPSERT,
        [
            (
                info.worker_id,
                info.host,
                info.pid,
                info.started_at,
                json.dumps(info.queues),
                info.concurrency,
                now + lease_s,
            )
            for info in workers
        ],
    )
    return [info.worker_id for info in workers if info.worker_id not in alive]


def recover(
    tx: sqlite3.Connection,
    worker_id: str,
    started: Mapping[str, int],
    *,
    blame: bool,
    reason: str,
    policy: RecoveryPolicy,
    now: float,
) -> Swept:
    """Free what a dead worker held, with exact blame."""
    held = tx.execute(
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE worker_id = ?", (worker_id,)
    ).fetchall()
    whole = sound(tx, held, now)
    recovered, failed = 0, len(held) - len(whole)
    for number, before in enumerate(whole):
        counts = blame and started.get(before.id) == before.revision
        died = WorkerDied(worker_id, counts, reason, policy)
        after = transition(tx, before, died, now + number * 1e-6)
        if not isinstance(after, Rejection):
            failed += after.status is JobStatus.FAILED
            recovered += after.status is not JobStatus.FAILED
    tx.execute("DELETE FROM workers WHERE worker_id = ?", (worker_id,))
    return Swept(recovered=recovered, failed=failed, dead_workers=(worker_id,))


def sweep(
    tx: sqlite3.Connection,
    policy: RecoveryPolicy,
    limit: int,
    dead_workers: Sequence[str],
    *,
    asked_at: float,
    now: float,
) -> Swept:
    """Make due jobs ready and free the jobs of workers whose lease had ended at `asked_at`."""
    tx.executemany("DELETE FROM workers WHERE worker_id = ?", [(dead,) for dead in dead_workers])
    due = sum(
        not isinstance(transition(tx, before, CameDue(), now + number * 1e-6), Rejection)
        for number, before in enumerate(sound(tx, _due(tx, limit, now), now))
    )
    orphans = tx.execute(_ORPHANS, (asked_at, limit)).fetchall()
    whole = sound(tx, orphans, now)
    recovered, failed = 0, len(orphans) - len(whole)
    gone: set[str] = set()
    for before in whole:
        worker_id = before.worker_id or ""
        gone.add(worker_id)
        reason = f"lost contact with worker {worker_id}"
        after = transition(tx, before, WorkerDied(worker_id, None, reason, policy), now)
        if not isinstance(after, Rejection):
            failed += after.status is JobStatus.FAILED
            recovered += after.status is not JobStatus.FAILED
    tx.execute("DELETE FROM workers WHERE expires_at <= ?", (asked_at,))
    return Swept(due=due, recovered=recovered, failed=failed, dead_workers=sorted(gone))


def sweep_has_work(tx: sqlite3.Connection, now: float) -> bool:
    """Whether a pass would change anything; reading costs nobody the write lock."""
    return bool(
        _due(tx, 1, now)
        or tx.execute(_ORPHANS, (now, 1)).fetchone()
        or tx.execute("SELECT 1 FROM workers WHERE expires_at <= ? LIMIT 1", (now,)).fetchone()
    )


def _due(tx: sqlite3.Connection, limit: int, now: float) -> list[tuple[Any, ...]]:
    query = f"""
        SELECT {JOB_COLUMNS} FROM jobs WHERE due_at <= ? AND status = 'scheduled'
        ORDER BY due_at LIMIT ?
    """
    return tx.execute(query, (now, limit)).fetchall()
