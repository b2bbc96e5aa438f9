"""What the ready list promises as an outbox for an external queue."""

from __future__ import annotations

from ergate.contracts.state_store import StateStore
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Now, Observer, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    WORKER,
    running,
    settled,
    submitted,
)


class Outbox(StoreCase):
    """What no queue has confirmed can be found again, and a slow relay erases nothing."""

    def test_a_new_job_is_unpublished(self, store: StateStore) -> None:
        new = submitted(store, queue="mail")
        assert list(store.unpublished(9, 0)) == [Ticket(new.id, 1, "mail")]

    def test_what_became_ready_a_moment_ago_is_left_to_whoever_made_it_so(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        new = submitted(store)
        assert list(store.unpublished(9, 2 * self.tick_s)) == []
        pass_time(3 * self.tick_s)
        assert [ticket.job_id for ticket in store.unpublished(9, 2 * self.tick_s)] == [new.id]

    def test_unpublished_jobs_come_in_the_order_of_waiting_and_up_to_the_limit(
        self, store: StateStore
    ) -> None:
        new = [submitted(store).id for _ in range(4)]
        assert [ticket.job_id for ticket in store.unpublished(3, 0)] == new[:3]

    def test_waiting_running_and_ended_jobs_are_not_unpublished(
        self, store: StateStore, now: Now
    ) -> None:
        running(store)
        submitted(store, status=JobStatus.SCHEDULED, due_at=now() + 1000)
        assert list(store.unpublished(9, 0)) == []

    def test_a_confirmed_ticket_is_published_and_the_job_stays_ready(
        self, store: StateStore, observer: Observer
    ) -> None:
        ticket = _ticket(submitted(store))
        store.published([ticket])
        assert list(store.unpublished(9, 0)) == []
        assert observer.ready() == {ticket}
        assert [record.id for record in store.claim([ticket], "w")] == [ticket.job_id]

    def test_a_published_job_can_be_claimed_from_the_ready_list_too(
        self, store: StateStore
    ) -> None:
        ticket = _ticket(submitted(store))
        store.published([ticket])
        assert [r.id for r in store.claim_ready(["default"], 1, "w")] == [ticket.job_id]

    def test_a_slow_relay_does_not_mark_the_next_steps_row(self, store: StateStore) -> None:
        """Without the compare-and-set on the revision a job is lost with no fault at all."""
        early = _ticket(submitted(store))
        (held,) = store.claim([early], WORKER)
        later = _ticket(settled(store, held, ADVANCED))
        store.published([early])
        assert list(store.unpublished(9, 0)) == [later]

    def test_confirming_claimed_and_unknown_tickets_changes_nothing(
        self, store: StateStore
    ) -> None:
        held = running(store)
        store.published([_ticket(held), Ticket("unknown", 1), Ticket(held.id, 1)])
        store.published([])
        assert list(store.unpublished(9, 0)) == []

    def test_a_job_that_is_ready_once_more_is_unpublished_once_more(
        self, store: StateStore
    ) -> None:
        first = _ticket(submitted(store))
        store.published([first])
        (held,) = store.claim([first], WORKER)
        second = _ticket(settled(store, held, ADVANCED))
        assert list(store.unpublished(9, 0)) == [second]

    def test_what_was_confirmed_long_ago_and_never_claimed_is_published_again(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        """The queue lost all that it had confirmed."""
        ticket = _ticket(submitted(store))
        store.published([ticket])
        assert store.republish(2 * self.tick_s, 9) == 0
        pass_time(3 * self.tick_s)
        assert store.republish(2 * self.tick_s, 9) == 1
        assert list(store.unpublished(9, 0)) == [ticket]

    def test_what_is_unpublished_anyway_is_not_counted_again(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        submitted(store)
        pass_time(3 * self.tick_s)
        assert store.republish(self.tick_s, 9) == 0

    def test_what_was_claimed_in_the_meantime_is_not_published_again(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        ticket = _ticket(submitted(store))
        store.published([ticket])
        store.claim([ticket], "w")
        pass_time(3 * self.tick_s)
        assert store.republish(self.tick_s, 9) == 0

    def test_the_limit_bounds_how_many_are_published_again(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        store.published([_ticket(submitted(store)) for _ in range(5)])
        pass_time(3 * self.tick_s)
        assert [store.republish(self.tick_s, 2) for _ in range(4)] == [2, 2, 1, 0]


def _ticket(record: JobRecord) -> Ticket:
    return Ticket(record.id, record.revision, record.queue)
