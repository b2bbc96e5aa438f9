"""Time that passes, workers that live and die, and what is put back after them."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ergate.jobs.events import CameDue, WorkerDied
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import apply
from ergate.testing.choices import ALL, LEASE_S, POLICY, numbers, seconds, workers
from ergate.testing.conformance.moves import worker
from ergate.testing.stories.story import Story


class Lives(Story):
    """What happens to the workers, and to their jobs because of it."""

    @rule(passed=seconds)
    def time_passes(self, passed: float) -> None:
        self.clock.advance(passed)

    @rule(worker_id=workers)
    def heartbeat(self, worker_id: str) -> None:
        now = self.clock.now()
        was_live = self.reference.leases.get(worker_id, 0.0) > now
        lost = list(self.store.heartbeat([worker(worker_id)], LEASE_S))
        assert lost == ([] if was_live else [worker_id])
        self.reference.leases[worker_id] = now + LEASE_S

    @rule(worker_id=workers)
    def retire(self, worker_id: str) -> None:
        self.store.retire(worker_id)
        self.reference.leases.pop(worker_id, None)

    @rule(worker_id=workers, chosen=st.sets(numbers, max_size=4), blame=st.booleans())
    def recover(self, worker_id: str, chosen: set[int], blame: bool) -> None:  # noqa: FBT001
        """Some marks are of earlier claims, as those in a slot's shared memory may be."""
        held = [j for j in self.held() if j.worker_id == worker_id]
        known = [self.claims[n % len(self.claims)] for n in chosen if self.claims]
        known += [held[n % len(held)] for n in chosen if held]
        started = {record.id: record.revision for record in known}
        failed = 0
        for record in held:
            counts = blame and started.get(record.id) == record.revision
            event = WorkerDied(worker_id, counts, "killed", POLICY)
            failed += self._fails(record.id, event)
        swept = self.store.recover(worker_id, started, blame=blame, reason="killed", policy=POLICY)
        assert (swept.recovered, swept.failed) == (len(held) - failed, failed)
        self.reference.leases.pop(worker_id, None)
        self.collect_tickets()

    @rule(dead=st.sets(workers, max_size=1))
    def sweep(self, dead: set[str]) -> None:
        now = self.clock.now()
        waiting = self.reference.jobs.values()
        due = [j for j in waiting if isinstance(apply(j, CameDue(), now), JobRecord)]
        orphans = self.reference.orphans(now, sorted(dead))
        swept = self.store.sweep(POLICY, limit=ALL, dead_workers=sorted(dead))
        for record in sorted(due, key=lambda j: j.due_at or 0.0):
            self.reference.play(record.id, CameDue(), now)
        failed = 0
        for record in orphans:
            # The store words the reason; everything else follows from it.
            reason = self.store.history(record.id)[-1].detail or ""
            event = WorkerDied(record.worker_id or "", None, reason, POLICY)
            failed += self._fails(record.id, event)
        seen = (swept.due, swept.recovered, swept.failed)
        assert seen == (len(due), len(orphans) - failed, failed)
        for worker_id in dead:
            self.reference.leases.pop(worker_id, None)
        self.collect_tickets()

    def _fails(self, job_id: str, event: WorkerDied) -> bool:
        after = self.reference.play(job_id, event, self.clock.now())
        assert isinstance(after, JobRecord), after
        return after.status is JobStatus.FAILED
