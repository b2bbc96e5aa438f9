"""Queue and state in one backend: workers claim straight from the ready list."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.brokers.broker import Broker
from ergate.contracts.state_store import Settled, Swept
from ergate.failpoints import failpoint
from ergate.jobs.events import RecoveryPolicy, Settlement
from ergate.jobs.record import JobRecord


class NativeBroker(Broker):
    """No message travels: what is ready in the store is the queue."""

    kind = "native"

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> None:
        self.store.submit(jobs, if_absent=if_absent)
        failpoint("after_submit")

    def claim(
        self, queues: Sequence[str], limit: int, timeout_s: float, worker_id: str
    ) -> Sequence[JobRecord]:
        claimed = self.store.claim_ready(queues, limit, worker_id)
        if not claimed and timeout_s > 0 and self.store.wait_ready(queues, timeout_s):
            claimed = self.store.claim_ready(queues, limit, worker_id)
        failpoint("after_claim")
        return claimed

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        settled = self.store.settle(settlements)
        failpoint("after_settle")
        return settled

    def sweep(
        self,
        policy: RecoveryPolicy,
        queues: Sequence[str],
        dead_workers: Sequence[str] = (),
    ) -> Swept:
        failpoint("in_sweep")
        swept = self.store.sweep(policy, dead_workers=dead_workers)
        failpoint("after_sweep")
        return swept
