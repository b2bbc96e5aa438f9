"""What `claim_ready`, `claim` and `wait_ready` promise to one caller."""

from __future__ import annotations

import time
from itertools import chain

from ergate.contracts.state_store import StateStore
from ergate.jobs.events import Claim, RecoveryPolicy
from ergate.jobs.ids import new_id
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Observer, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
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

PATIENCE_S = 10.0


class Claiming(StoreCase):
    """A claim takes a job as it was seen, in a fixed order, and never twice."""

    def test_a_claim_obeys_the_reference(self, store: StateStore) -> None:
        new = submitted(store)
        store.claim_ready(["default"], 1, WORKER)
        assert_obeyed(store, new, Claim(WORKER, 1))

    def test_a_claim_returns_the_job_as_it_is_afterwards(self, store: StateStore) -> None:
        submitted(store, user_context='{"a":1}')
        (claimed,) = store.claim_ready(["default"], 1, WORKER)
        assert_same(claimed, stored(store, claimed.id))

    def test_a_claimed_job_is_off_the_ready_list(
        self, store: StateStore, observer: Observer
    ) -> None:
        running(store)
        assert observer.ready() == set()

    def test_a_claim_has_no_row_in_the_history(self, store: StateStore) -> None:
        claimed = running(store)
        assert [row.event for row in store.history(claimed.id)] == ["submitted"]

    def test_the_longest_waiting_comes_first(self, store: StateStore) -> None:
        waiting = [submitted(store).id for _ in range(5)]
        assert claim_order(store.claim_ready(["default"], 3, "w")) == waiting[:3]
        assert claim_order(store.claim_ready(["default"], 3, "w")) == waiting[3:]

    def test_jobs_of_one_batch_are_claimed_in_its_order(self, store: StateStore) -> None:
        batch = [job() for _ in range(20)]
        store.submit(batch)
        assert claim_order(store.claim_ready(["default"], 20, "w")) == claim_order(batch)

    def test_a_higher_priority_comes_first(self, store: StateStore) -> None:
        low, high, middle = [submitted(store, priority=p).id for p in (-5, 10, 0)]
        assert claim_order(store.claim_ready(["default"], 9, "w")) == [high, middle, low]

    def test_a_job_whose_step_advanced_waits_behind_the_others(self, store: StateStore) -> None:
        first, second = submitted(store).id, submitted(store).id
        (claimed,) = store.claim_ready(["default"], 1, WORKER)
        settled(store, claimed, ADVANCED)
        assert claim_order(store.claim_ready(["default"], 9, "w")) == [second, first]

    def test_the_order_holds_across_several_queues(self, store: StateStore) -> None:
        waiting = [submitted(store, queue=queue).id for queue in ("a", "b", "a", "c")]
        urgent = submitted(store, queue="b", priority=1).id
        order = claim_order(store.claim_ready(["a", "b", "c"], 9, "w"))
        assert order == [urgent, *waiting]

    def test_only_the_named_queues_are_looked_at(self, store: StateStore) -> None:
        submitted(store, queue="other")
        mine = submitted(store, queue="mine").id
        assert claim_order(store.claim_ready(["mine", "empty"], 9, "w")) == [mine]

    def test_a_queue_that_is_named_twice_gives_each_job_once(self, store: StateStore) -> None:
        mine = submitted(store).id
        assert claim_order(store.claim_ready(["default", "default"], 9, "w")) == [mine]

    def test_no_queue_or_no_room_gives_nothing(self, store: StateStore) -> None:
        submitted(store)
        assert list(store.claim_ready([], 9, "w")) == []
        assert list(store.claim_ready(["default"], 0, "w")) == []

    def test_an_empty_queue_gives_nothing_at_once(self, store: StateStore) -> None:
        before = time.monotonic()
        assert list(store.claim_ready(["default"], 9, "w")) == []
        assert time.monotonic() - before < 1

    # --- by ticket --------------------------------------------------------------------------------

    def test_a_ticket_claims_its_job(self, store: StateStore) -> None:
        new = submitted(store)
        (claimed,) = store.claim([Ticket(new.id, 1)], WORKER)
        assert_same(claimed, stored(store, new.id))
        assert_obeyed(store, new, Claim(WORKER, 1))

    def test_a_doubled_ticket_claims_once(self, store: StateStore) -> None:
        ticket = Ticket(submitted(store).id, 1)
        assert claim_order(store.claim([ticket, ticket], "w")) == [ticket.job_id]
        assert list(store.claim([ticket], "another")) == []

    def test_a_ticket_of_another_revision_claims_nothing(self, store: StateStore) -> None:
        new = submitted(store)
        assert list(store.claim([Ticket(new.id, 0), Ticket(new.id, 2)], "w")) == []
        assert_same(stored(store, new.id), new)

    def test_a_ticket_of_an_earlier_step_claims_nothing(self, store: StateStore) -> None:
        new = submitted(store)
        (claimed,) = store.claim([Ticket(new.id, 1)], WORKER)
        settled(store, claimed, ADVANCED)
        assert list(store.claim([Ticket(new.id, 1)], "w")) == []

    def test_tickets_of_unknown_ended_and_running_jobs_claim_nothing(
        self, store: StateStore
    ) -> None:
        held, done = running(store), ended(store)
        good = submitted(store)
        tickets = [
            Ticket(new_id(), 1),
            Ticket(held.id, held.revision),
            Ticket(done.id, done.revision),
            Ticket(good.id, 1),
        ]
        assert claim_order(store.claim(tickets, "w")) == [good.id]

    def test_a_ticket_may_name_an_outdated_queue(self, store: StateStore) -> None:
        new = submitted(store, queue="mail")
        assert claim_order(store.claim([Ticket(new.id, 1, "before")], "w")) == [new.id]

    # --- jobs that must run alone -----------------------------------------------------------------

    def test_a_job_that_must_run_alone_is_claimed_alone(
        self, store: StateStore, pass_time: PassTime
    ) -> None:
        """Its worker died and nobody knows whether its step had started."""
        suspects = {_orphan(store, WORKER).id, _orphan(store, WORKER).id}
        store.sweep(RecoveryPolicy())
        plain = {submitted(store).id, submitted(store).id}
        claims: list[list[str]] = []
        while claimed := store.claim_ready(["default"], 9, "w"):
            assert [r.alone for r in claimed] in ([True], [False] * len(claimed))
            claims.append(claim_order(claimed))
        assert sorted(chain.from_iterable(claims)) == sorted(suspects | plain)

    def test_a_step_that_advanced_need_not_run_alone_any_more(self, store: StateStore) -> None:
        _orphan(store, WORKER)
        store.sweep(RecoveryPolicy())
        (claimed,) = store.claim_ready(["default"], 9, WORKER)
        assert claimed.alone
        assert not settled(store, claimed, ADVANCED).alone
        submitted(store)
        assert [r.alone for r in store.claim_ready(["default"], 9, "w")] == [False, False]

    # --- waiting for work -------------------------------------------------------------------------

    def test_waiting_ends_at_once_when_something_is_ready(self, store: StateStore) -> None:
        submitted(store)
        before = time.monotonic()
        assert store.wait_ready(["default"], 20.0)
        assert time.monotonic() - before < PATIENCE_S

    def test_waiting_for_nothing_ends_at_the_time_limit(self, store: StateStore) -> None:
        before = time.monotonic()
        store.wait_ready(["default"], 0.05)
        store.wait_ready(["default"], 0.0)
        assert time.monotonic() - before < PATIENCE_S


def _orphan(store: StateStore, worker_id: str) -> JobRecord:
    new = submitted(store)
    (claimed,) = store.claim([Ticket(new.id, 1)], worker_id)
    return claimed
