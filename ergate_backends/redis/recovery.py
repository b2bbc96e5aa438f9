"""Leases of workers, and what becomes of jobs whose worker is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from ergate.contracts.state_store import Swept, WorkerInfo
from ergate.jobs.events import CameDue, RecoveryPolicy, WorkerDied
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection
from ergate_backends.redis.ordering import play
from ergate_backends.redis.server import Argument, Server


def heartbeat(server: Server, workers: Sequence[WorkerInfo], lease_s: float) -> list[str]:
    """Renew leases; return the workers that had none."""
    arguments: list[Argument] = [f"{lease_s * 1e6:.0f}"]
    for info in workers:
        says = [info.host, info.pid, info.started_at, info.queues, info.concurrency]
        arguments += (info.worker_id, json.dumps(says))
    return [worker_id.decode() for worker_id in server.run("heartbeat", *arguments)]


def workers(server: Server) -> list[WorkerInfo]:
    """Return every worker that has a lease."""
    leases = server.command("ZRANGE", server.key("leases"), 0, -1, "WITHSCORES")
    pairs = leases if leases and isinstance(leases[0], tuple | list) else _paired(leases)
    if not pairs:
        return []
    ids = [worker_id.decode() for worker_id, _ in pairs]
    told = server.command("HMGET", server.key("workers"), *ids)
    found = [
        _info(worker_id, text, float(ends))
        for worker_id, text, (_, ends) in zip(ids, told, pairs, strict=True)
        if text is not None
    ]
    return sorted(found, key=lambda info: (info.started_at, info.worker_id))


def _paired(flat: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _info(worker_id: str, text: bytes, expires_at: float) -> WorkerInfo:
    host, pid, started_at, queues, concurrency = json.loads(text)
    return WorkerInfo(
        worker_id=worker_id,
        host=host,
        pid=pid,
        started_at=started_at,
        queues=tuple(queues),
        concurrency=concurrency,
        expires_at=expires_at,
    )


def recover(
    server: Server,
    worker_id: str,
    started: Mapping[str, int],
    *,
    blame: bool,
    reason: str,
    policy: RecoveryPolicy,
) -> Swept:
    """Free what a dead worker held, with exact blame; its lease goes last."""

    def died(job: JobRecord) -> WorkerDied:
        return WorkerDied(worker_id, blame and started.get(job.id) == job.revision, reason, policy)

    held = server.command("HKEYS", server.key("held", worker_id))
    freed, failed, _ = _free(server, [job_id.decode() for job_id in held], died)
    server.run("retire", worker_id, repeatable=True)
    return Swept(recovered=freed, failed=failed, dead_workers=(worker_id,))


def sweep(server: Server, policy: RecoveryPolicy, limit: int, dead_workers: Sequence[str]) -> Swept:
    """Make due jobs ready and free the jobs of workers without a live lease."""
    due_ids = [job_id.decode() for job_id in server.run("due", limit, repeatable=True)]
    came = play(server, due_ids, lambda _: CameDue())
    due = sum(isinstance(after, JobRecord) for _, after in came.values())
    orphans = server.run("orphans", limit, *dead_workers, repeatable=True)
    freed, failed, gone = _free(server, [job_id.decode() for job_id in orphans], _lost(policy))
    return Swept(due=due, recovered=freed, failed=failed, dead_workers=sorted(gone))


def _lost(policy: RecoveryPolicy) -> Callable[[JobRecord], WorkerDied]:
    """Return an event for each orphan that only its holder at the first reading can suffer."""
    first: dict[str, str] = {}

    def died(job: JobRecord) -> WorkerDied:
        worker_id = first.setdefault(job.id, job.worker_id or "")
        return WorkerDied(worker_id, None, f"lost contact with worker {worker_id}", policy)

    return died


def _free(
    server: Server, ids: Sequence[str], event_for: Callable[[JobRecord], WorkerDied]
) -> tuple[int, int, set[str]]:
    freed, failed, gone = 0, 0, set()
    for before, after in play(server, ids, event_for).values():
        if before is None or isinstance(after, Rejection):
            continue
        gone.add(before.worker_id or "")
        failed += after.status is JobStatus.FAILED
        freed += after.status is not JobStatus.FAILED
    return freed, failed, gone
