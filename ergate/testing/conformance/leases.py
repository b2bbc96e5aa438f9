"""What heartbeats, `retire` and `recover` promise."""

from __future__ import annotations

from dataclasses import replace

from ergate.contracts.state_store import StateStore
from ergate.jobs.events import RecoveryPolicy, WorkerDied
from ergate.jobs.ids import new_id
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Now, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    COMPLETED,
    TIME_TOLERANCE_S,
    WORKER,
    assert_obeyed,
    assert_same,
    beat,
    running,
    settled,
    settlement,
    stored,
    submitted,
    worker,
)

POLICY = RecoveryPolicy()
REASON = "killed by signal 9"


class Leases(StoreCase):
    """A lease belongs to a worker; what a dead one held is freed with exact blame."""

    def test_the_first_heartbeat_tells_that_there_was_no_lease(self, store: StateStore) -> None:
        assert beat(store, "a", "b", lease_s=3 * self.tick_s) == ["a", "b"]

    def test_a_heartbeat_in_time_keeps_the_lease(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, "a", lease_s=3 * self.tick_s)
        for _ in range(3):
            pass_time(2 * self.tick_s)
            assert beat(store, "a", lease_s=3 * self.tick_s) == []

    def test_a_heartbeat_that_comes_too_late_tells_so_once(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, "a", lease_s=self.tick_s)
        pass_time(2 * self.tick_s)
        assert beat(store, "a", "b", lease_s=self.tick_s) == ["a", "b"]
        assert beat(store, "a", "b", lease_s=self.tick_s) == []

    def test_a_heartbeat_after_retirement_tells_that_the_lease_is_gone(
        self, store: StateStore
    ) -> None:
        beat(store, "a", "b", lease_s=self.tick_s)
        store.retire("a")
        assert beat(store, "a", "b", lease_s=self.tick_s) == ["a"]

    def test_retiring_an_unknown_worker_does_nothing(self, store: StateStore) -> None:
        store.retire("nobody")
        assert list(store.workers()) == []

    def test_no_heartbeat_at_all_changes_nothing(self, store: StateStore) -> None:
        assert list(store.heartbeat([], self.tick_s)) == []

    def test_workers_are_listed_as_they_said_with_the_end_of_their_lease(
        self, store: StateStore, other: StateStore, now: Now
    ) -> None:
        before = now()
        beat(store, "a", lease_s=self.tick_s)
        (listed,) = other.workers()
        assert replace(listed, expires_at=0.0) == worker("a")
        end = before + self.tick_s
        assert end - TIME_TOLERANCE_S <= listed.expires_at <= now() + self.tick_s + 1

    def test_a_worker_whose_lease_ended_is_listed_until_it_is_swept(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, "a", lease_s=self.tick_s)
        pass_time(2 * self.tick_s)
        assert [listed.worker_id for listed in store.workers()] == ["a"]
        store.sweep(POLICY)
        assert list(store.workers()) == []

    def test_what_a_worker_holds_is_known_with_its_revisions(
        self, store: StateStore, other: StateStore
    ) -> None:
        held, done = running(store), running(store)
        running(store, "neighbour")
        settled(store, done, COMPLETED)
        assert dict(other.held(WORKER)) == {held.id: held.revision}
        assert dict(store.held("stranger")) == {}

    # --- recover --------------------------------------------------------------------------------

    def test_a_started_step_keeps_its_delivery_counted(self, store: StateStore) -> None:
        held = running(store)
        self._recover(store, {held.id: held.revision}, blame=True)
        assert_obeyed(store, held, _died(blame=True))
        assert stored(store, held.id).deliveries == 1

    def test_a_step_that_had_not_started_goes_back_uncounted(self, store: StateStore) -> None:
        started, prefetched = running(store), running(store)
        self._recover(store, {started.id: started.revision}, blame=True)
        assert_obeyed(store, prefetched, _died(blame=False))
        assert stored(store, prefetched.id).deliveries == 0

    def test_what_started_at_an_earlier_revision_is_no_blame(self, store: StateStore) -> None:
        """The slot's mark is of an earlier claim of the same job."""
        held = running(store)
        self._recover(store, {held.id: held.revision - 1}, blame=True)
        assert stored(store, held.id).deliveries == 0

    def test_without_blame_everything_goes_back_uncounted(self, store: StateStore) -> None:
        held = running(store)
        self._recover(store, {held.id: held.revision}, blame=False)
        assert_obeyed(store, held, _died(blame=False))

    def test_recovered_jobs_can_be_claimed_at_once(self, store: StateStore) -> None:
        held = running(store)
        self._recover(store, {held.id: held.revision}, blame=True)
        assert [r.id for r in store.claim_ready([held.queue], 9, "w")] == [held.id]

    def test_jobs_of_other_workers_stay_with_them(self, store: StateStore) -> None:
        mine, neighbour = running(store), running(store, "neighbour")
        swept = self._recover(store, {neighbour.id: neighbour.revision}, blame=True)
        assert_same(stored(store, neighbour.id), neighbour)
        assert swept == (1, 0)
        assert stored(store, mine.id).status is JobStatus.QUEUED

    def test_the_lease_of_a_recovered_worker_is_gone(self, store: StateStore) -> None:
        beat(store, WORKER, "neighbour", lease_s=self.tick_s)
        self._recover(store, {}, blame=True)
        assert [listed.worker_id for listed in store.workers()] == ["neighbour"]

    def test_a_recovered_worker_that_lives_on_is_refused(self, store: StateStore) -> None:
        held = running(store)
        self._recover(store, {held.id: held.revision}, blame=True)
        assert list(store.settle([settlement(held, COMPLETED)]).refused) != []
        assert stored(store, held.id).seq == 0

    def test_recovering_again_or_a_stranger_changes_nothing(self, store: StateStore) -> None:
        held = running(store)
        self._recover(store, {}, blame=True)
        before = stored(store, held.id)
        assert self._recover(store, {held.id: held.revision}, blame=True) == (0, 0)
        assert_same(stored(store, held.id), before)

    def test_a_running_job_that_was_to_be_cancelled_is_cancelled(self, store: StateStore) -> None:
        held = store.cancel(running(store).id)
        self._recover(store, {held.id: held.revision}, blame=True)
        assert_obeyed(store, held, _died(blame=True))
        assert stored(store, held.id).status is JobStatus.CANCELLED

    def test_a_step_that_kills_its_workers_fails_after_exactly_its_last_delivery(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        policy = RecoveryPolicy(max_deliveries=3, pause_initial_s=self.tick_s, pause_factor=1.0)
        held = running(store)
        results = []
        for _ in range(3):
            results.append(
                self._recover(store, {held.id: held.revision}, blame=True, policy=policy)
            )
            assert_obeyed(store, held, _died(blame=True, policy=policy))
            pass_time(1.5 * self.tick_s)
            store.sweep(policy)
            held = next(iter(store.claim_ready([held.queue], 1, WORKER)), held)
        assert results == [(1, 0), (1, 0), (0, 1)]
        assert stored(store, held.id).status is JobStatus.FAILED
        assert REASON in (stored(store, held.id).error or "")

    def test_the_last_delivery_runs_alone(self, store: StateStore) -> None:
        policy = RecoveryPolicy(max_deliveries=2)
        held = running(store)
        self._recover(store, {held.id: held.revision}, blame=True, policy=policy)
        assert stored(store, held.id).alone

    def test_a_step_that_advances_starts_with_all_its_deliveries(self, store: StateStore) -> None:
        held = running(store)
        self._recover(store, {held.id: held.revision}, blame=True)
        (held,) = store.claim_ready([held.queue], 1, WORKER)
        assert settled(store, held, ADVANCED).deliveries == 0

    def test_many_jobs_of_one_worker_are_freed_in_one_call(self, store: StateStore) -> None:
        held = [self._claimed(store, WORKER) for _ in range(60)]
        started = {record.id: record.revision for record in held[::2]}
        assert self._recover(store, started, blame=True) == (60, 0)
        deliveries = [stored(store, record.id).deliveries for record in held]
        assert deliveries == [1, 0] * 30

    def _claimed(self, store: StateStore, worker_id: str) -> JobRecord:
        new = submitted(store, id=new_id())
        return store.claim([Ticket(new.id, 1)], worker_id)[0]

    def _recover(
        self,
        store: StateStore,
        started: dict[str, int],
        *,
        blame: bool,
        policy: RecoveryPolicy = POLICY,
    ) -> tuple[int, int]:
        swept = store.recover(WORKER, started, blame=blame, reason=REASON, policy=policy)
        return swept.recovered, swept.failed


def _died(*, blame: bool, policy: RecoveryPolicy = POLICY) -> WorkerDied:
    return WorkerDied(WORKER, blame, REASON, policy)
