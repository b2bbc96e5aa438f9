"""Leases of workers, and what becomes of jobs whose worker is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ergate.contracts.state_store import Swept, WorkerInfo
from ergate.jobs.events import CameDue, RecoveryPolicy, WorkerDied
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.rows import as_json, storable
from ergate_backends.postgres.transition import Locked, made_ready, transit

_RETIRE = "DELETE FROM {schema}.workers WHERE worker_id = ANY (%(ids)s::text[])"
_LAST_CLAIM = "SELECT pg_advisory_xact_lock({claimers}, hashtext(%(worker_id)s))"

Freed = tuple[Swept, Sequence[JobRecord]]
"""What was done, and the jobs that wait for a worker now."""


def heartbeat(acts: Acts, workers: Sequence[WorkerInfo], lease_s: float) -> list[str]:
    """Renew leases; return the workers that had none."""
    rows = {info.worker_id: _row(info) for info in workers}
    found = acts.ask("heartbeat", workers=as_json(list(rows.values())), lease_s=lease_s)
    lost = {row[0] for row in found}
    return [info.worker_id for info in workers if storable(info.worker_id) in lost]


def _row(info: WorkerInfo) -> dict[str, object]:
    return {
        "worker_id": storable(info.worker_id),
        "host": storable(info.host),
        "pid": info.pid,
        "started_at": info.started_at,
        "queues": json.dumps(info.queues),
        "concurrency": info.concurrency,
    }


def retire(acts: Acts, worker_id: str) -> None:
    """Remove a lease."""
    acts.ask_text(acts.sql.of(_RETIRE), ids=[storable(worker_id)])


def recover(
    acts: Acts,
    worker_id: str,
    started: Mapping[str, int],
    *,
    blame: bool,
    reason: str,
    policy: RecoveryPolicy,
) -> Freed:
    """Free what a dead worker held, with exact blame."""
    dead = storable(worker_id)
    with acts.pool.use() as connection, connection.transaction():
        # Its last claim may still be under way, although the process is gone: what that brings
        # was certainly never started, and a later sweep could not know.
        acts.on(connection, acts.sql.of(_LAST_CLAIM), worker_id=dead)
        locked = Locked.of(acts.on(connection, "lock_held", worker_id=dead))
        events = [
            (job, WorkerDied(dead, blame and started.get(job.id) == job.revision, reason, policy))
            for job in locked.jobs
        ]
        afters = transit(acts, connection, locked, events)
        acts.on(connection, acts.sql.of(_RETIRE), ids=[dead])
    recovered, failed = _counted(afters)
    swept = Swept(recovered=recovered, failed=failed, dead_workers=(worker_id,))
    return swept, made_ready(afters)


def sweep(acts: Acts, policy: RecoveryPolicy, limit: int, dead_workers: Sequence[str]) -> Freed:
    """Make due jobs ready and free the jobs of workers without a live lease."""
    if not dead_workers and acts.ask("sweep_has_work") == [(False,)]:
        return Swept(), ()
    with acts.pool.use() as connection, connection.transaction():
        if dead_workers:
            dead = sorted(storable(worker_id) for worker_id in dead_workers)
            acts.on(connection, acts.sql.of(_RETIRE), ids=dead)
        due = Locked.of(acts.on(connection, "lock_due", limit=limit))
        awake = transit(acts, connection, due, [(job, CameDue()) for job in due.jobs])
        orphans = Locked.of(acts.on(connection, "lock_orphans", limit=limit))
        events = [(job, _lost(job, policy)) for job in orphans.jobs]
        freed = transit(acts, connection, orphans, events)
        acts.on(connection, "drop_ended_leases")
    recovered, failed = _counted(freed)
    gone = sorted({job.worker_id or "" for job in orphans.jobs})
    swept = Swept(due=sum(_counted(awake)), recovered=recovered, failed=failed, dead_workers=gone)
    return swept, made_ready([*awake, *freed])


def _lost(job: JobRecord, policy: RecoveryPolicy) -> WorkerDied:
    worker_id = job.worker_id or ""
    return WorkerDied(worker_id, None, f"lost contact with worker {worker_id}", policy)


def _counted(afters: Sequence[JobRecord | Rejection]) -> tuple[int, int]:
    """Return how many jobs live on, and how many failed."""
    done = [job for job in afters if isinstance(job, JobRecord)]
    failed = sum(job.status is JobStatus.FAILED for job in done)
    return len(done) - failed, failed
