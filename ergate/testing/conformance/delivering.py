"""What comes from outside for a job that waits: its input, once; and the wish that it waits on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ergate.contracts.state_store import StateStore
from ergate.errors import JobNotFoundError, UsageError
from ergate.jobs.events import (
    Deferred,
    Delivered,
    Departed,
    Outcome,
    Postponed,
    RecoveryPolicy,
    Retried,
    Unroutable,
)
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Now, Observer, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    COMPLETED,
    ERROR,
    WORKER,
    assert_obeyed,
    assert_same,
    claim_order,
    ended,
    job,
    running,
    settled,
    stored,
    submitted,
)

POLICY = RecoveryPolicy()
FAR = 1000.0
"""How many ticks a job waits where its time must not come during the test."""
COMERS = 6

each_trial = pytest.mark.parametrize(
    "outcome",
    [Retried(error=ERROR, pause_s=FAR), Unroutable(reason="no such step", pause_s=FAR)],
    ids=lambda outcome: type(outcome).__name__,
)


def _later(store: StateStore, now: Now) -> JobRecord:
    return submitted(store, status=JobStatus.SCHEDULED, due_at=now() + FAR)


def _paused(store: StateStore, pause_s: float = FAR) -> JobRecord:
    """Return a job that waits between its first two steps."""
    return settled(store, running(store), Deferred(ADVANCED, pause_s=pause_s))


def _assert_refused(
    store: StateStore, before: JobRecord, event: Delivered | Postponed, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        store.deliver(before.id, event)
    assert_same(stored(store, before.id), before)


class Delivering(StoreCase):
    """The first that comes for a `seq` is what the waiting step gets; nothing else is heard."""

    # --- its input --------------------------------------------------------------------------------

    def test_a_job_that_waits_between_steps_goes_on_with_what_was_delivered(
        self, store: StateStore, observer: Observer
    ) -> None:
        waiting = _paused(store)
        event = Delivered(waiting.seq, '{"n":3}')
        assert_same(store.deliver(waiting.id, event), stored(store, waiting.id))
        assert_obeyed(store, waiting, event)
        assert observer.ready() == {Ticket(waiting.id, waiting.revision + 1, waiting.queue)}
        (held,) = store.claim_ready([waiting.queue], 1, WORKER)
        assert (held.input_json, held.initial_input_value) == ('{"n":3}', '{"n":1}')

    def test_a_job_that_has_not_begun_begins_with_what_was_delivered(
        self, store: StateStore, now: Now
    ) -> None:
        waiting = _later(store, now)
        store.deliver(waiting.id, Delivered(0, "[5]"))
        assert_obeyed(store, waiting, Delivered(0, "[5]"))
        (held,) = store.claim_ready(["default"], 1, WORKER)
        assert (held.input_json, held.initial_input_value) == ("[5]", "[5]")

    def test_the_history_keeps_what_was_delivered(self, store: StateStore) -> None:
        waiting = _paused(store)
        store.deliver(waiting.id, Delivered(1, '"once"'))
        row = store.history(waiting.id)[-1]
        assert (row.event, row.status, row.seq) == ("delivered", JobStatus.QUEUED, 1)
        assert (row.result, row.step_name) == ('"once"', "two")

    def test_the_time_that_the_job_waited_for_means_nothing_any_more(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        waiting = _paused(store, pause_s=self.tick_s)
        store.deliver(waiting.id, Delivered(1, "1"))
        pass_time(2 * self.tick_s)
        assert store.sweep(POLICY).due == 0

    def test_a_delivered_job_waits_for_its_turn_behind_those_that_are_ready(
        self, store: StateStore
    ) -> None:
        waiting = _paused(store)
        first = submitted(store)
        store.deliver(waiting.id, Delivered(1, "1"))
        last = submitted(store)
        claimed = store.claim_ready(["default"], 9, WORKER)
        assert claim_order(claimed) == [first.id, waiting.id, last.id]

    def test_whoever_waits_for_work_hears_of_it(self, store: StateStore, other: StateStore) -> None:
        waiting = _paused(store)
        with ThreadPoolExecutor() as pool:
            heard = pool.submit(store.wait_ready, ["default"], 30.0)
            other.deliver(waiting.id, Delivered(1, "1"))
            assert heard.result(timeout=30)

    def test_the_outbox_has_a_ticket_of_it(self, store: StateStore) -> None:
        waiting = _paused(store)
        store.deliver(waiting.id, Delivered(1, "1"))
        ticket = Ticket(waiting.id, waiting.revision + 1, waiting.queue)
        assert list(store.unpublished(9, 0.0)) == [ticket]

    # --- once -------------------------------------------------------------------------------------

    def test_what_comes_a_second_time_is_refused(self, store: StateStore) -> None:
        waiting = _paused(store)
        first = store.deliver(waiting.id, Delivered(1, "1"))
        _assert_refused(store, first, Delivered(1, "2"), "not waiting: it is queued")

    def test_of_many_that_come_at_once_one_is_taken(
        self, store: StateStore, other: StateStore
    ) -> None:
        waiting = _paused(store)

        def come(number: int) -> bool:
            try:
                (store, other)[number % 2].deliver(waiting.id, Delivered(1, str(number)))
            except UsageError:
                return False
            return True

        with ThreadPoolExecutor(COMERS) as pool:
            taken = list(pool.map(come, range(COMERS)))
        assert taken.count(True) == 1
        assert stored(store, waiting.id).input_json == str(taken.index(True))
        assert [row.event for row in store.history(waiting.id)].count("delivered") == 1

    @each_trial
    def test_a_step_that_was_tried_keeps_the_input_that_it_had(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        waiting = _paused(store)
        store.deliver(waiting.id, Delivered(1, "1"))
        (held,) = store.claim_ready(["default"], 1, WORKER)
        again = settled(store, held, outcome)
        _assert_refused(store, again, Delivered(1, "2"), "tried")

    def test_what_comes_for_another_step_is_refused(self, store: StateStore) -> None:
        waiting = _paused(store)
        _assert_refused(store, waiting, Delivered(0, "1"), "gone on")
        _assert_refused(store, waiting, Delivered(2, "1"), "not come to seq 2")

    def test_only_a_job_that_waits_for_its_time_takes_it(self, store: StateStore, now: Now) -> None:
        others = [submitted(store), running(store), store.cancel(_later(store, now).id)]
        others += [ended(store), submitted(store, status=JobStatus.PENDING)]
        for record in others:
            _assert_refused(store, record, Delivered(record.seq, "1"), record.id)
            _assert_refused(store, record, Postponed(record.seq, now() + FAR), record.id)

    def test_a_job_on_its_way_to_another_store_takes_nothing(self, movable: StateStore) -> None:
        waiting = _paused(movable)
        movable.depart(1, "elsewhere")
        assert_obeyed(movable, waiting, Departed("elsewhere"))
        gone = stored(movable, waiting.id)
        _assert_refused(movable, gone, Delivered(1, "1"), "on its way")

    def test_for_an_unknown_job_nothing_can_come(self, store: StateStore) -> None:
        for event in (Delivered(0, "1"), Postponed(0, 1.0)):
            with pytest.raises(JobNotFoundError, match="unknown-id"):
                store.deliver("unknown-id", event)

    # --- the wish that it waits on ----------------------------------------------------------------

    def test_a_postponed_job_comes_due_at_its_new_time(
        self, store: StateStore, now: Now, pass_time: PassTime
    ) -> None:
        waiting = _paused(store, pause_s=self.tick_s)
        store.deliver(waiting.id, Postponed(1, now() + 4 * self.tick_s))
        pass_time(2 * self.tick_s)
        assert store.sweep(POLICY).due == 0
        pass_time(3 * self.tick_s)
        assert store.sweep(POLICY).due == 1
        assert stored(store, waiting.id).status is JobStatus.QUEUED

    def test_a_job_may_also_come_due_earlier(
        self, store: StateStore, now: Now, pass_time: PassTime
    ) -> None:
        waiting = _paused(store)
        store.deliver(waiting.id, Postponed(1, now() + self.tick_s))
        pass_time(2 * self.tick_s)
        assert store.sweep(POLICY).due == 1

    def test_postponing_makes_no_transition(self, store: StateStore, now: Now) -> None:
        waiting = _paused(store)
        event = Postponed(1, now() + 2 * FAR)
        assert_same(store.deliver(waiting.id, event), stored(store, waiting.id))
        after = stored(store, waiting.id)
        assert (after.revision, after.updated_at) == (waiting.revision, waiting.updated_at)
        assert after.due_at == pytest.approx(event.due_at)
        assert [row.event for row in store.history(waiting.id)] == ["submitted", "applied"]

    def test_what_was_postponed_can_still_be_delivered(self, store: StateStore, now: Now) -> None:
        waiting = _paused(store)
        later = store.deliver(waiting.id, Postponed(1, now() + 2 * FAR))
        store.deliver(waiting.id, Delivered(1, "1"))
        assert_obeyed(store, later, Delivered(1, "1"))

    def test_a_time_that_is_not_finite_is_refused(self, store: StateStore) -> None:
        waiting = _paused(store)
        for due_at in (float("inf"), float("nan")):
            _assert_refused(store, waiting, Postponed(1, due_at), "not finite")

    def test_a_job_that_came_due_meanwhile_is_not_called_back(
        self, store: StateStore, other: StateStore, now: Now
    ) -> None:
        """Whichever is first, a job that was postponed never runs before its new time."""
        new = [job(status=JobStatus.SCHEDULED, due_at=now() - 1) for _ in range(20)]
        store.submit(new)

        def postpone(record: JobRecord) -> bool:
            try:
                other.deliver(record.id, Postponed(0, now() + FAR))
            except UsageError:
                return False
            return True

        with ThreadPoolExecutor(3) as pool:
            swept = pool.submit(store.sweep, POLICY)
            postponed = list(pool.map(postpone, new))
            due = swept.result().due
        assert due + sum(postponed) == len(new)
        for record, was_postponed in zip(new, postponed, strict=True):
            status = JobStatus.SCHEDULED if was_postponed else JobStatus.QUEUED
            assert stored(store, record.id).status is status

    def test_a_job_ends_as_it_would_without_a_delivery(self, store: StateStore) -> None:
        waiting = _paused(store)
        store.deliver(waiting.id, Delivered(1, "1"))
        (held,) = store.claim_ready(["default"], 1, WORKER)
        done = settled(store, held, COMPLETED)
        assert (done.status, done.seq, done.steps_completed) == (JobStatus.COMPLETED, 2, 2)
