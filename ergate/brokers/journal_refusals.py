"""What a journal cannot do, each with the same clear word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from ergate.contracts.state_store import JobFilter, Settled, StateStore, Swept, WorkerInfo
from ergate.errors import Unsupported
from ergate.jobs.events import (
    Delivered,
    Postponed,
    RecoveryPolicy,
    RestartAsked,
    Settlement,
)
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket


class RefusingStore(StateStore):
    """A store that can be told and read, and refuses whatever needs more than that."""

    def _refuse(self, act: str) -> NoReturn:
        raise Unsupported(
            f"A journal cannot {act}: it is only written to and read. Keep jobs in a full state "
            "store for that, such as sqlite, postgres or redis; see `ergate backends list`."
        )

    def claim_ready(self, queues: Sequence[str], limit: int, worker_id: str) -> Sequence[JobRecord]:
        self._refuse("give out jobs")

    def claim(self, tickets: Sequence[Ticket], worker_id: str) -> Sequence[JobRecord]:
        self._refuse("give out jobs")

    def wait_ready(self, queues: Sequence[str], timeout_s: float) -> bool:
        self._refuse("tell what is ready")

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        self._refuse("settle a claim")

    def unpublished(self, limit: int, older_than_s: float) -> Sequence[Ticket]:
        self._refuse("tell what was not published")

    def published(self, tickets: Sequence[Ticket]) -> None:
        self._refuse("note what was published")

    def republish(self, older_than_s: float, limit: int) -> int:
        self._refuse("publish jobs again")

    def heartbeat(self, workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        self._refuse("keep leases")

    def retire(self, worker_id: str) -> None:
        self._refuse("keep leases")

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        self._refuse("free the jobs of a worker")

    def sweep(
        self, policy: RecoveryPolicy, *, limit: int = 500, dead_workers: Sequence[str] = ()
    ) -> Swept:
        self._refuse("free the jobs of a worker")

    def cancel(self, job_id: str) -> JobRecord:
        self._refuse("cancel a job")

    def restart(self, job_id: str, event: RestartAsked) -> JobRecord:
        self._refuse("let a job run again")

    def deliver(self, job_id: str, event: Delivered | Postponed) -> JobRecord:
        self._refuse("hand a waiting job what it waits for")

    def prune(self, which: JobFilter, *, limit: int = 1000) -> int:
        self._refuse("delete jobs (its server does, by its retention)")

    def purge(self, queue: str) -> int:
        self._refuse("cancel the jobs of a queue")
