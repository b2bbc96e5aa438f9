"""An external queue in front of a full state store: tickets travel, the truth stays.

A ticket is acknowledged as soon as its claim is durable, so a step may take hours and no time-out
of the queue matters. Whatever the queue loses is published again; whatever it doubles finds the
job at another revision and is dropped.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence

from ergate.brokers.adoption import Incoming, sort_deliveries
from ergate.brokers.broker import Broker, Labels
from ergate.brokers.known import check_of
from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.contracts.state_store import Settled, StateStore, Swept
from ergate.errors import BackendUnavailable
from ergate.failpoints import failpoint
from ergate.jobs.codec import Limits
from ergate.jobs.events import RecoveryPolicy, Released, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket
from ergate.workflows.registry import Registry

log = logging.getLogger("ergate")

RELAY_LIMIT = 500
KEPT_LIMIT = 500
"""How many tickets of a partitioned queue a busy worker holds; the rest waits at the server."""
RELAY_AFTER_S = 2.0
"""A ticket that its own writer has not published after this long is published by a sweep."""
REPUBLISH_AFTER_S = 60.0
"""What a queue confirmed this long ago, and does not have any more, is published again."""


class RelayedBroker(Broker):
    """The ready list is the outbox: its rows are published, and marked when the queue confirmed."""

    kind = "relayed"

    def __init__(
        self,
        queue: Queue,
        store: StateStore,
        labels: Labels,
        limits: Limits,
        registry: Registry | None = None,
        *,
        republish_after_s: float = REPUBLISH_AFTER_S,
        relay_after_s: float = RELAY_AFTER_S,
    ) -> None:
        super().__init__(store, labels)
        self.queue = queue
        self._limits = limits
        self._check = check_of(registry, store)
        self._is_partitioned = Capability.PARTITIONED in queue.capabilities
        self._is_helping = False
        """Whether the last claim was of what lay in others' shares: then there may be more."""
        self._kept: deque[tuple[Delivery, Ticket]] = deque()
        self._republish_after_s = republish_after_s
        self._relay_after_s = relay_after_s

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> None:
        tickets = self.store.submit(jobs, if_absent=if_absent)
        failpoint("after_submit")
        self._publish_or_leave(tickets)

    def claim(
        self, queues: Sequence[str], limit: int, timeout_s: float, worker_id: str
    ) -> Sequence[JobRecord]:
        kept = [self._kept.popleft() for _ in range(min(limit, len(self._kept)))]
        wait_s = 0.0 if kept or self._is_helping else timeout_s
        try:
            deliveries = self._receive(queues, limit - len(kept), wait_s)
        except BackendUnavailable:
            self._kept.extendleft(reversed(kept))
            raise
        self._is_helping = False
        failpoint("after_receive")
        if not kept and not deliveries:
            return self._help_oneself(queues, limit, worker_id)
        received, deliveries = deliveries, [*deliveries, *(delivery for delivery, _ in kept)]
        try:
            incoming = sort_deliveries(received, self._limits, self._check)
            claimed = self._claim(incoming, [ticket for _, ticket in kept], worker_id)
        except BackendUnavailable:
            # In our hands they would wait for our death; what did land makes them stale, no more.
            self.queue.release(deliveries)
            raise
        failpoint("after_claim")
        self._acknowledge(deliveries)
        failpoint("after_acknowledge")
        return self._one_alone(claimed, worker_id)

    def _receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        return self.queue.receive(queues, limit, timeout_s) if limit > 0 else []

    def _help_oneself(
        self, queues: Sequence[str], limit: int, worker_id: str
    ) -> Sequence[JobRecord]:
        """Claim what is ready although its ticket lies in the share of a receiver that is busy."""
        if not self._is_partitioned:
            return []
        claimed = self.store.claim_ready(queues, limit, worker_id)
        self._is_helping = bool(claimed)
        return claimed

    def attend(self, queues: Sequence[str]) -> None:
        """Take in this receiver's share of a partitioned queue while it can run nothing.

        Jobs from elsewhere are stored, where idle workers find them. Tickets are kept in hand:
        their jobs are in the store already.
        """
        room = KEPT_LIMIT - len(self._kept)
        if not self._is_partitioned or room <= 0:
            return
        deliveries = self.queue.receive(queues, room, 0.0)
        try:
            incoming = sort_deliveries(deliveries, self._limits, self._check)
            if incoming.letters:
                self.store.bury(incoming.letters)
            self._publish_or_leave(self._adopt(incoming))
        except BackendUnavailable:
            self.queue.release(deliveries)
            raise
        self._kept.extend(zip(incoming.carriers, incoming.tickets, strict=True))
        carriers = {id(one) for one in incoming.carriers}
        self._acknowledge([one for one in deliveries if id(one) not in carriers])

    def _claim(
        self, incoming: Incoming, kept: Sequence[Ticket], worker_id: str
    ) -> Sequence[JobRecord]:
        """Write to the store all that messages can tell: claim, drop, adopt or bury."""
        tickets = [*kept, *incoming.tickets, *self._adopt(incoming)]
        if incoming.letters:
            self.store.bury(incoming.letters)
        return self.store.claim(tickets, worker_id) if tickets else []

    def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Remove messages that are of no more use; should they come back, they are stale."""
        try:
            self.queue.acknowledge(deliveries)
        except BackendUnavailable as exc:
            log.warning(
                "%d messages stay in the queue and will come again: %s", len(deliveries), exc
            )

    def _adopt(self, incoming: Incoming) -> Sequence[Ticket]:
        return self.store.submit(incoming.adopted, if_absent=True) if incoming.adopted else []

    def _one_alone(self, claimed: Sequence[JobRecord], worker_id: str) -> Sequence[JobRecord]:
        """Keep only the first job that must run alone; the others go back uncounted."""
        alone = next((job for job in claimed if job.alone), None)
        if alone is None or len(claimed) == 1:
            return claimed
        others = [job for job in claimed if job is not alone]
        self.settle([Settlement(job.id, worker_id, job.revision, Released()) for job in others])
        return [alone]

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        settled = self.store.settle(settlements)
        failpoint("after_settle")
        self._publish_or_leave(settled.ready)
        return settled

    def settled(self, settled: Settled) -> None:
        self._publish_or_leave(settled.ready)

    def sweep(
        self,
        policy: RecoveryPolicy,
        queues: Sequence[str],
        dead_workers: Sequence[str] = (),
    ) -> Swept:
        failpoint("in_sweep")
        swept = self.store.sweep(policy, dead_workers=dead_workers)
        failpoint("after_sweep")
        # A queue that cannot tell counts as empty: a doubled ticket is harmless.
        if not self.has_messages(queues):
            self.store.republish(self._republish_after_s, RELAY_LIMIT)
        # What this pass made ready has nobody else to publish it; the rest has its own writer.
        self._relay(0.0 if swept else self._relay_after_s)
        return swept

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        swept = super().recover(worker_id, started, blame=blame, reason=reason, policy=policy)
        self._relay(0.0)
        return swept

    def _relay(self, older_than_s: float) -> None:
        self._publish(self.store.unpublished(RELAY_LIMIT, older_than_s))

    def has_messages(self, queues: Sequence[str]) -> bool:
        if Capability.DEPTH not in self.queue.capabilities:
            return False
        return any(self.queue.depth(name) for name in queues)

    def _publish_or_leave(self, tickets: Sequence[Ticket]) -> None:
        """Publish what is stored already; while the queue is down, a sweep does it later.

        Raising here would make the caller repeat what is done: a second job, a second settlement.
        """
        try:
            self._publish(tickets)
        except BackendUnavailable as exc:
            log.warning(
                "%d tickets wait in the outbox until the queue is back: %s", len(tickets), exc
            )

    def _publish(self, tickets: Sequence[Ticket]) -> None:
        if not tickets:
            return
        self.queue.publish([Message(t.to_bytes(), t.job_id, t.queue) for t in tickets])
        failpoint("after_publish")
        self.store.published(tickets)

    def wake(self) -> None:
        super().wake()
        self.queue.wake()

    def _disconnect(self) -> None:
        self.queue.close()
        super()._disconnect()
