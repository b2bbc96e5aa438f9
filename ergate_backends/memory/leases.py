"""Which workers are alive, as far as their heartbeats tell."""

from __future__ import annotations

from dataclasses import replace

from ergate.contracts.state_store import WorkerInfo


class Leases:
    """One lease per worker; a missing one and one that has ended mean the same."""

    def __init__(self) -> None:
        self._workers: dict[str, WorkerInfo] = {}

    def renew(self, worker: WorkerInfo, until: float) -> None:
        self._workers[worker.worker_id] = replace(worker, expires_at=until)

    def remove(self, worker_id: str) -> None:
        self._workers.pop(worker_id, None)

    def is_live(self, worker_id: str, now: float) -> bool:
        """Return whether the worker's lease reaches beyond `now`."""
        worker = self._workers.get(worker_id)
        return worker is not None and worker.expires_at > now

    def ended(self, now: float) -> list[str]:
        """Return the workers whose lease has ended and that nobody has swept away yet."""
        return [worker_id for worker_id in self._workers if not self.is_live(worker_id, now)]

    def all(self) -> tuple[WorkerInfo, ...]:
        return tuple(self._workers.values())
