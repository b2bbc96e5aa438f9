"""What `submit` promises."""

from __future__ import annotations

import pytest

from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import UsageError
from ergate.jobs.record import HistoryRow
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Now, Observer, StoreCase
from ergate.testing.conformance.moves import assert_same, ended, job, running, stored, submitted


class Accepting(StoreCase):
    """New jobs are stored all or none, and nothing that exists is overwritten."""

    def test_migrate_can_be_called_again(self, store: StateStore, other: StateStore) -> None:
        kept = submitted(store)
        store.migrate()
        other.migrate()
        assert_same(stored(other, kept.id), kept)

    def test_a_submitted_job_comes_back_with_every_field(
        self, store: StateStore, other: StateStore
    ) -> None:
        new = job(
            queue="mail",
            priority=-7,
            seq=4,
            current_step=2,
            steps_completed=3,
            percent_completed=37.5,
            last_return_value='"so far"',
            user_context='{"tenant":"a"}',
            extra='{"colour":"red"}',
            requested_start_time=900.25,
        )
        store.submit([new])
        assert_same(stored(other, new.id), new)

    def test_a_runnable_job_gets_a_ticket_at_its_revision(self, store: StateStore) -> None:
        new = job(queue="mail")
        assert list(store.submit([new])) == [Ticket(new.id, 1, "mail")]

    def test_a_scheduled_job_gets_no_ticket_and_cannot_be_claimed(
        self, store: StateStore, now: Now, observer: Observer
    ) -> None:
        later = job(status=JobStatus.SCHEDULED, due_at=now() + 1000)
        assert list(store.submit([later])) == []
        assert list(store.claim_ready(["default"], 10, "w")) == []
        assert observer.ready() == set()

    def test_a_pending_job_is_kept_and_cannot_be_claimed(self, store: StateStore) -> None:
        pending = submitted(store, status=JobStatus.PENDING)
        assert list(store.claim_ready(["default"], 10, "w")) == []
        assert stored(store, pending.id).status is JobStatus.PENDING

    def test_many_jobs_get_their_tickets_in_the_order_of_the_call(self, store: StateStore) -> None:
        new = [job() for _ in range(120)]
        tickets = store.submit(new)
        assert [ticket.job_id for ticket in tickets] == [record.id for record in new]

    def test_submitting_nothing_does_nothing(self, store: StateStore) -> None:
        assert list(store.submit([])) == []
        assert dict(store.count(JobFilter())) == {}

    def test_an_existing_id_is_refused_and_nothing_of_the_batch_is_stored(
        self, store: StateStore, observer: Observer
    ) -> None:
        old = submitted(store)
        new = [job(), job(id=old.id, workflow_name="another"), job()]
        with pytest.raises(UsageError, match=old.id):
            store.submit(new)
        assert [store.get(new[0].id), store.get(new[2].id)] == [None, None]
        assert stored(store, old.id).workflow_name == "conformance"
        assert observer.ready() == {Ticket(old.id, 1)}

    def test_the_same_id_twice_in_one_batch_is_refused(self, store: StateStore) -> None:
        new = job()
        with pytest.raises(UsageError, match=new.id):
            store.submit([new, new])
        assert store.get(new.id) is None

    def test_with_if_absent_an_existing_job_is_left_as_it_is(self, store: StateStore) -> None:
        moved_on = running(store)
        new = job()
        again = job(id=moved_on.id, priority=9)
        tickets = store.submit([again, new], if_absent=True)
        assert [ticket.job_id for ticket in tickets] == [new.id]
        assert_same(stored(store, moved_on.id), moved_on)

    def test_with_if_absent_an_ended_job_does_not_run_again(self, store: StateStore) -> None:
        done = ended(store)
        assert list(store.submit([job(id=done.id)], if_absent=True)) == []
        assert_same(stored(store, done.id), done)

    def test_with_if_absent_the_first_of_two_with_the_same_id_counts(
        self, store: StateStore
    ) -> None:
        first = job(priority=1)
        tickets = store.submit([first, job(id=first.id, priority=2)], if_absent=True)
        assert list(tickets) == [Ticket(first.id, 1)]
        assert stored(store, first.id).priority == 1

    def test_the_history_of_a_new_job_says_that_it_was_submitted(self, store: StateStore) -> None:
        new = submitted(store)
        (row,) = store.history(new.id)
        expected = HistoryRow(
            job_id=new.id,
            revision=1,
            event="submitted",
            status=JobStatus.QUEUED,
            seq=0,
            step_name="one",
            next_step=None,
            attempt=0,
            worker_id=None,
            claimed_at=None,
            at=row.at,
            result=None,
            detail=None,
        )
        assert row == expected
