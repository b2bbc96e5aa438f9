"""A journal as state store: how it is opened, and what hands in jobs and asks about them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from ergate.brokers.broker import DIRECT_PROMISE, Broker, Labels
from ergate.brokers.direct import DirectBroker, QueueProtocol
from ergate.brokers.journal_store import JournalStore
from ergate.brokers.whole import Wanted, WholeJobs
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.queue import Message, Queue
from ergate.contracts.state_store import Settled, Swept
from ergate.errors import BackendUnavailable, Unsupported, UsageError
from ergate.jobs.document import document_of
from ergate.jobs.events import RecoveryPolicy, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus


class JournalBroker(Broker):
    """The side of a direct broker that hands in jobs and asks about them; it runs none."""

    kind = "direct"
    promise = DIRECT_PROMISE

    def __init__(self, queue: Queue | None, store: JournalStore, labels: Labels) -> None:
        super().__init__(store, labels)
        self._queue = queue
        self._journal = store

    @property
    def level(self) -> Level:
        """What accepted jobs survive: the weaker half counts."""
        is_kept = self._queue is None or Capability.DURABLE in self._queue.capabilities
        return self._journal.level if is_kept else Level.L0

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> None:
        """Write the first entry of each job and publish it.

        With `if_absent` a job that is there and has not begun is published once more: whoever
        handed it in first may have died in between. One that has begun is left as it is.
        """
        if self._queue is None:
            raise UsageError(
                f"{self.labels.queue} is an object of the app's own, and only the app can put a "
                "Job into it."
            )
        known = self._journal.get_many([job.id for job in jobs]) if if_absent else {}
        new = [job for job in jobs if job.id not in known]
        again = [job for job in known.values() if _has_not_begun(job)]
        # The entry comes first: written after the publishing, it could stand behind those of the
        # worker that was quick, and count.
        self._journal.submit(new)
        try:
            self._queue.publish([Message(document_of(j), j.id, j.queue) for j in (*new, *again)])
        except BackendUnavailable:
            with contextlib.suppress(BackendUnavailable):
                self._journal.take_back([job.id for job in new])
            raise

    def claim(
        self, queues: Sequence[str], limit: int, timeout_s: float, worker_id: str
    ) -> Sequence[JobRecord]:
        raise Unsupported("In direct mode a worker receives whole jobs, and claims none.")

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        return self._journal.settle(settlements)

    def sweep(
        self, policy: RecoveryPolicy, queues: Sequence[str], dead_workers: Sequence[str] = ()
    ) -> Swept:
        return self._journal.sweep(policy)

    def _disconnect(self) -> None:
        # The queue gives back what is in hand, so it closes also when the journal cannot.
        with contextlib.ExitStack() as stack:
            stack.callback(super()._disconnect)
            if self._queue is not None:
                self._queue.close()


def journaled(
    queue: object, open_store: Callable[[], JournalStore], labels: Labels, wanted: Wanted
) -> DirectBroker:
    """Tie a queue, or a queue object of the user's own, to a journal.

    Raises `UsageError` for what cannot be a queue, and what `open_store` raises.
    """
    if isinstance(queue, Queue):
        store = open_store()
        client_side = JournalBroker(queue, store, labels)
        return DirectBroker(
            WholeJobs(queue, store, wanted),
            store,
            labels,
            level=client_side.level,
            client_side=client_side,
            is_shared=Capability.SHARED in queue.capabilities,
        )
    if isinstance(queue, QueueProtocol):
        store = open_store()
        client_side = JournalBroker(None, store, labels)
        return DirectBroker(queue, store, labels, level=client_side.level, client_side=client_side)
    raise UsageError(
        f"{type(queue).__name__} cannot be a queue: it needs the methods get_one and put, or must "
        "be a backend's name or URL."
    )


def _has_not_begun(job: JobRecord) -> bool:
    return job.revision == 1 and job.status in (JobStatus.QUEUED, JobStatus.SCHEDULED)
