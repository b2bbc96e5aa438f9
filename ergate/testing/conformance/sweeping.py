"""What `sweep` promises: the pass where comparable systems lose jobs."""

from __future__ import annotations

from ergate.contracts.state_store import StateStore, Swept
from ergate.jobs.events import CameDue, RecoveryPolicy, Retried, WorkerDied
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.conformance.case import Now, Observer, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    COMPLETED,
    ERROR,
    WORKER,
    assert_obeyed,
    assert_same,
    beat,
    running,
    settled,
    settlement,
    stored,
    submitted,
)

POLICY = RecoveryPolicy(max_deliveries=2)


class Sweeping(StoreCase):
    """Due jobs become ready, orphans are freed, and everything else stays as it is."""

    def test_a_sweep_with_nothing_to_do_says_so(self, store: StateStore) -> None:
        submitted(store)
        swept = store.sweep(POLICY)
        assert (swept.due, swept.recovered, swept.failed, list(swept.dead_workers)) == (0, 0, 0, [])
        assert not swept

    # --- due jobs -------------------------------------------------------------------------------

    def test_a_job_becomes_ready_when_it_is_due(
        self, store: StateStore, now: Now, pass_time: PassTime, observer: Observer
    ) -> None:
        waiting = submitted(store, status=JobStatus.SCHEDULED, due_at=now() + 2 * self.tick_s)
        assert store.sweep(POLICY).due == 0
        assert_same(stored(store, waiting.id), waiting)
        pass_time(3 * self.tick_s)
        assert store.sweep(POLICY).due == 1
        assert_obeyed(store, waiting, CameDue())
        assert {ticket.job_id for ticket in observer.ready()} == {waiting.id}

    def test_a_due_job_is_not_claimable_before_the_sweep_made_it_ready(
        self, store: StateStore, now: Now
    ) -> None:
        submitted(store, status=JobStatus.SCHEDULED, due_at=now() - 1)
        assert list(store.claim_ready(["default"], 1, "w")) == []
        store.sweep(POLICY)
        assert [r.revision for r in store.claim_ready(["default"], 1, "w")] == [3]

    def test_a_retry_runs_when_its_pause_is_over(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        held = running(store)
        settled(store, held, Retried(error=ERROR, pause_s=2 * self.tick_s))
        assert store.sweep(POLICY).due == 0
        pass_time(3 * self.tick_s)
        assert store.sweep(POLICY).due == 1
        (again,) = store.claim_ready([held.queue], 1, WORKER)
        assert (again.attempt, again.error, again.deliveries) == (1, ERROR, 1)

    def test_a_cancelled_job_does_not_come_due(self, store: StateStore, now: Now) -> None:
        waiting = submitted(store, status=JobStatus.SCHEDULED, due_at=now() - 1)
        store.cancel(waiting.id)
        assert store.sweep(POLICY).due == 0

    def test_the_limit_bounds_one_pass_and_the_next_passes_do_the_rest(
        self, store: StateStore, now: Now
    ) -> None:
        for _ in range(5):
            submitted(store, status=JobStatus.SCHEDULED, due_at=now() - 1)
        assert [store.sweep(POLICY, limit=2).due for _ in range(4)] == [2, 2, 1, 0]

    # --- orphans ----------------------------------------------------------------------------------

    def test_a_job_whose_worker_beats_stays_with_it(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, WORKER, lease_s=3 * self.tick_s)
        held = running(store)
        pass_time(2 * self.tick_s)
        beat(store, WORKER, lease_s=3 * self.tick_s)
        pass_time(2 * self.tick_s)
        assert not store.sweep(POLICY)
        assert_same(stored(store, held.id), held)

    def test_a_job_whose_workers_lease_ended_is_freed(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, WORKER, lease_s=self.tick_s)
        held = running(store)
        pass_time(2 * self.tick_s)
        self._freed(store.sweep(POLICY))
        self._died_unseen(store, held)

    def test_a_job_whose_worker_never_beat_is_freed(self, store: StateStore) -> None:
        held = running(store)
        self._freed(store.sweep(POLICY))
        self._died_unseen(store, held)

    def test_a_job_whose_worker_retired_is_freed(self, store: StateStore) -> None:
        beat(store, WORKER, lease_s=self.tick_s)
        held = running(store)
        store.retire(WORKER)
        self._freed(store.sweep(POLICY))
        self._died_unseen(store, held)

    def test_a_worker_that_is_known_to_be_dead_loses_its_jobs_in_spite_of_its_lease(
        self, store: StateStore
    ) -> None:
        beat(store, WORKER, "neighbour", lease_s=9 * self.tick_s)
        held, kept = running(store), running(store, "neighbour")
        self._freed(store.sweep(POLICY, dead_workers=[WORKER, "stranger"]))
        self._died_unseen(store, held)
        assert_same(stored(store, kept.id), kept)
        assert [listed.worker_id for listed in store.workers()] == ["neighbour"]

    def test_an_orphan_is_ready_again_and_runs_alone(
        self, store: StateStore, observer: Observer
    ) -> None:
        held = running(store)
        store.sweep(POLICY)
        after = stored(store, held.id)
        assert (after.status, after.alone) == (JobStatus.QUEUED, True)
        assert {ticket.revision for ticket in observer.ready()} == {after.revision}

    def test_an_orphan_without_a_delivery_left_fails(self, store: StateStore) -> None:
        held = running(store)
        store.sweep(POLICY)
        store.claim_ready([held.queue], 1, WORKER)
        swept = store.sweep(POLICY)
        assert (swept.recovered, swept.failed) == (0, 1)
        assert stored(store, held.id).status is JobStatus.FAILED
        assert "WorkerDied" in (stored(store, held.id).error or "")

    def test_an_orphan_that_was_to_be_cancelled_is_cancelled(self, store: StateStore) -> None:
        held = store.cancel(running(store).id)
        self._freed(store.sweep(POLICY))
        assert stored(store, held.id).status is JobStatus.CANCELLED

    def test_a_worker_that_wakes_up_after_the_sweep_is_refused(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, WORKER, lease_s=self.tick_s)
        held = running(store)
        pass_time(2 * self.tick_s)
        store.sweep(POLICY)
        assert beat(store, WORKER, lease_s=self.tick_s) == [WORKER]
        late = settlement(held, COMPLETED)
        assert list(store.settle([late]).refused) == [late]

    def test_a_settlement_after_the_lease_and_before_the_sweep_counts(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        """The lease only says when others may take the job; the fence alone decides."""
        beat(store, WORKER, lease_s=self.tick_s)
        held = running(store)
        pass_time(2 * self.tick_s)
        assert settled(store, held, COMPLETED).status is JobStatus.COMPLETED
        assert store.sweep(POLICY).recovered == 0

    def test_the_limit_bounds_how_many_orphans_one_pass_frees(self, store: StateStore) -> None:
        for _ in range(5):
            running(store)
        assert [store.sweep(POLICY, limit=2).recovered for _ in range(4)] == [2, 2, 1, 0]

    def test_the_ended_lease_of_an_idle_worker_is_swept_away(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, "idle", lease_s=self.tick_s)
        pass_time(2 * self.tick_s)
        beat(store, "busy", lease_s=self.tick_s)
        store.sweep(POLICY)
        assert [listed.worker_id for listed in store.workers()] == ["busy"]

    def test_waiting_and_ended_jobs_are_left_alone(self, store: StateStore, now: Now) -> None:
        waiting = [
            submitted(store),
            submitted(store, status=JobStatus.SCHEDULED, due_at=now() + 1000),
            submitted(store, status=JobStatus.PENDING),
            settled(store, running(store), COMPLETED),
        ]
        store.sweep(POLICY)
        for record in waiting:
            assert_same(stored(store, record.id), record)

    def _freed(self, swept: Swept) -> None:
        assert (swept.recovered, swept.failed, list(swept.dead_workers)) == (1, 0, [WORKER])

    def _died_unseen(self, store: StateStore, held: JobRecord) -> None:
        row = store.history(held.id)[-1]
        assert row.detail
        assert_obeyed(store, held, WorkerDied(WORKER, None, row.detail, POLICY))
