"""What a store promises about jobs that come from another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import UsageError
from ergate.jobs.events import Arrived, RecoveryPolicy
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
    settlement,
    stored,
    submitted,
)
from ergate.testing.conformance.travellers import (
    ELSEWHERE,
    ids,
    newcomer,
    revisions,
    went_on,
)


class Arriving(StoreCase):
    """What arrives is as it was, and arrives once."""

    # --- arriving ---------------------------------------------------------------------------------

    def test_a_job_arrives_with_every_field_and_its_whole_history(
        self, movable: StateStore, other: StateStore, observer: Observer, now: Now
    ) -> None:
        comes = newcomer(
            queue="mail",
            home_queue="home",
            priority=-7,
            seq=1,
            current_step=2,
            steps_completed=1,
            percent_completed=37.5,
            deliveries=1,
            alone=True,
            unroutable=2,
            last_return_value='"so far"',
            user_context='{"tenant":"a"}',
            extra='{"colour":"red"}',
            requested_start_time=900.25,
        )
        admitted = movable.admit([comes])
        ticket = Ticket(comes.job.id, comes.job.revision + 1, "mail")
        assert (list(admitted.ready), list(admitted.kept_out)) == ([ticket], [])
        expected = comes.arrived(now())
        assert_same(stored(other, comes.job.id), expected.job)
        rows = other.history(comes.job.id)
        for row, row_expected in zip(rows, expected.history, strict=True):
            assert_same(row, row_expected)
        assert observer.ready() == {ticket}
        assert list(other.unpublished(9, 0)) == [ticket]
        assert claim_order(other.claim_ready(["mail"], 9, WORKER)) == [comes.job.id]

    def test_a_scheduled_job_arrives_scheduled_and_comes_due_at_its_time(
        self, movable: StateStore, now: Now, pass_time: PassTime, observer: Observer
    ) -> None:
        comes = newcomer(due_at=now() + self.tick_s, attempt=2, error=ERROR)
        assert list(movable.admit([comes]).ready) == []
        arrived = stored(movable, comes.job.id)
        assert (arrived.status, arrived.attempt, arrived.error) == (JobStatus.SCHEDULED, 2, ERROR)
        assert observer.ready() == set()
        assert movable.sweep(RecoveryPolicy()).due == 0
        pass_time(1.5 * self.tick_s)
        assert movable.sweep(RecoveryPolicy()).due == 1
        assert claim_order(movable.claim_ready(["default"], 9, WORKER)) == [comes.job.id]

    def test_jobs_arrive_in_the_order_of_the_call(self, movable: StateStore) -> None:
        come = [newcomer() for _ in range(40)]
        admitted = movable.admit(come)
        assert [ticket.job_id for ticket in admitted.ready] == ids(come)
        assert claim_order(movable.claim_ready(["default"], 99, WORKER)) == ids(come)

    def test_a_step_that_was_applied_elsewhere_is_not_applied_again(
        self, movable: StateStore
    ) -> None:
        """The next outcome has the next seq, so that its idempotency key is a new one."""
        comes = newcomer(seq=1, steps_completed=1, percent_completed=50.0)
        movable.admit([comes])
        (held,) = movable.claim_ready(["default"], 1, WORKER)
        done = settled(movable, held, COMPLETED)
        applied = [row.seq for row in movable.history(done.id) if row.event == "applied"]
        assert (done.status, done.seq, applied) == (JobStatus.COMPLETED, 2, [0, 1])

    def test_a_job_that_arrives_twice_is_there_once(
        self, movable: StateStore, other: StateStore, observer: Observer
    ) -> None:
        """The answer to the first time was lost, or whoever moves was killed."""
        comes = newcomer()
        (ticket,) = movable.admit([comes]).ready
        arrived, rows = stored(movable, comes.job.id), movable.history(comes.job.id)
        again = other.admit([comes, comes])
        assert (list(again.ready), list(again.kept_out)) == ([], [])
        assert_same(stored(movable, comes.job.id), arrived)
        assert list(movable.history(comes.job.id)) == list(rows)
        assert observer.ready() == {ticket}

    @pytest.mark.parametrize("outcome", [ADVANCED, COMPLETED], ids=["advanced", "completed"])
    def test_a_job_that_went_on_since_it_arrived_is_left_as_it_is(
        self, movable: StateStore, outcome: object
    ) -> None:
        comes = newcomer()
        movable.admit([comes])
        (held,) = movable.claim_ready(["default"], 1, WORKER)
        assert outcome in (ADVANCED, COMPLETED)
        done = settled(movable, held, ADVANCED if outcome is ADVANCED else COMPLETED)
        again = movable.admit([comes])
        assert (list(again.ready), list(again.kept_out)) == ([], [])
        assert_same(stored(movable, done.id), done)

    def test_another_job_of_the_same_id_keeps_it_out_and_the_others_arrive(
        self, movable: StateStore
    ) -> None:
        """Whoever chose the id chose it twice: neither of the two may vanish."""
        here = ended(movable)
        waiting = submitted(movable, queue="mail")
        movable.depart(1, ELSEWHERE)
        twins = [newcomer(id=one.id, created_at=2_000.0) for one in (here, waiting)]
        come = [newcomer(), *twins, newcomer()]
        admitted = movable.admit(come)
        assert [ticket.job_id for ticket in admitted.ready] == [come[0].job.id, come[3].job.id]
        assert sorted(admitted.kept_out) == sorted([here.id, waiting.id])
        assert_same(stored(movable, here.id), here)
        assert stored(movable, waiting.id).created_at == waiting.created_at

    def test_the_id_of_a_job_that_arrived_is_taken(self, movable: StateStore) -> None:
        comes = newcomer()
        movable.admit([comes])
        again = job(id=comes.job.id)
        assert list(movable.submit([again], if_absent=True)) == []
        with pytest.raises(UsageError, match=comes.job.id):
            movable.submit([again])
        assert stored(movable, comes.job.id).revision == comes.job.revision + 1

    def test_admitting_nothing_does_nothing(self, movable: StateStore) -> None:
        admitted = movable.admit([])
        assert (list(admitted.ready), list(admitted.kept_out)) == ([], [])

    # --- there and back ---------------------------------------------------------------------------

    def test_a_job_that_comes_back_takes_the_place_that_it_left(
        self, movable: StateStore, observer: Observer, now: Now
    ) -> None:
        """It went, ran a step elsewhere and came back before it was dismissed here."""
        new = submitted(movable)
        (left,) = movable.depart(9, ELSEWHERE)
        back = went_on(left, now())
        admitted = movable.admit([back])
        assert [ticket.job_id for ticket in admitted.ready] == [new.id]
        expected = back.arrived(now())
        assert_same(stored(movable, new.id), expected.job)
        assert len(movable.history(new.id)) == len(expected.history)
        assert observer.ready() == {Ticket(new.id, expected.job.revision)}
        assert movable.dismiss(revisions(left)) == 0
        assert dict(movable.count(JobFilter())) == {JobStatus.QUEUED: 1}
        assert list(movable.departed(9)) == []

    def test_a_job_that_was_kept_out_elsewhere_can_stay_where_it_was(
        self, movable: StateStore, observer: Observer, now: Now
    ) -> None:
        later = submitted(movable, status=JobStatus.SCHEDULED, due_at=now() + 100)
        new = submitted(movable)
        gone = movable.depart(9, ELSEWHERE)
        movable.admit(gone)
        assert observer.ready() == {Ticket(new.id, 3)}
        for traveller in gone:
            assert_obeyed(movable, traveller.job, Arrived())
        assert stored(movable, later.id).due_at == pytest.approx(later.due_at)

    def test_a_departure_and_a_claim_have_one_winner(
        self, movable: StateStore, other: StateStore
    ) -> None:
        held = running(movable)
        assert list(other.depart(9, ELSEWHERE)) == []
        assert list(movable.settle([settlement(held, COMPLETED)]).refused) == []

    def test_a_claim_that_was_made_before_the_departure_of_others_goes_on(
        self, movable: StateStore, other: StateStore
    ) -> None:
        submitted(movable)
        (gone,) = other.depart(9, ELSEWHERE)
        late = replace(gone.job, worker_id=WORKER)
        refused = movable.settle([settlement(late, COMPLETED)]).refused
        assert [one.job_id for one in refused] == [gone.job.id]
