"""What `settle` promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ergate.contracts.state_store import StateStore
from ergate.jobs.events import Outcome, RecoveryPolicy, Settlement
from ergate.jobs.ids import new_id
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Observer, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    COMPLETED,
    ENDINGS,
    OUTCOMES,
    WORKER,
    assert_obeyed,
    assert_same,
    each_outcome,
    running,
    settled,
    settlement,
    stored,
    submitted,
)

CANCELLABLE = [outcome for outcome in OUTCOMES if outcome not in ENDINGS]


class Settling(StoreCase):
    """An outcome is written once, whole, and only by whoever holds the claim."""

    @each_outcome
    def test_each_outcome_obeys_the_reference(self, store: StateStore, outcome: Outcome) -> None:
        held = running(store)
        settled(store, held, outcome)
        assert_obeyed(store, held, settlement(held, outcome))

    @each_outcome
    def test_after_a_cancel_request_each_outcome_obeys_the_reference(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        held = store.cancel(running(store).id)
        settled(store, held, outcome)
        assert_obeyed(store, held, settlement(held, outcome))

    @each_outcome
    def test_each_outcome_after_retries_and_releases_obeys_the_reference(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        """A job that is not fresh: counters, an error and an earlier step are there already."""
        settled(store, running(store), ADVANCED)
        (held,) = store.claim_ready(["default"], 1, WORKER)
        held = store.claim([_ticket(settled(store, held, OUTCOMES[5]))], WORKER)[0]
        settled(store, held, outcome)
        assert_obeyed(store, held, settlement(held, outcome))

    @each_outcome
    def test_the_ready_list_holds_the_job_exactly_when_it_is_queued(
        self, store: StateStore, observer: Observer, outcome: Outcome
    ) -> None:
        held = running(store)
        ready = store.settle([settlement(held, outcome)]).ready
        after = stored(store, held.id)
        expected = {_ticket(after)} if after.status is JobStatus.QUEUED else set()
        assert set(ready) == expected
        assert observer.ready() == expected

    def test_what_is_ready_is_in_the_queue_of_the_next_step(self, store: StateStore) -> None:
        held = running(store)
        advanced = replace(ADVANCED, queue="mail")
        (ticket,) = store.settle([settlement(held, advanced)]).ready
        assert ticket == Ticket(held.id, held.revision + 1, "mail")
        assert [record.id for record in store.claim_ready(["mail"], 9, "w")] == [held.id]

    def test_without_a_cancel_request_no_status_is_a_surprise(self, store: StateStore) -> None:
        settlements = [settlement(running(store), outcome) for outcome in OUTCOMES]
        assert dict(store.settle(settlements).statuses) == {}

    @pytest.mark.parametrize("outcome", CANCELLABLE, ids=lambda outcome: type(outcome).__name__)
    def test_a_cancelled_job_is_named_with_its_status(
        self, store: StateStore, observer: Observer, outcome: Outcome
    ) -> None:
        held = store.cancel(running(store).id)
        result = store.settle([settlement(held, outcome)])
        assert dict(result.statuses) == {held.id: JobStatus.CANCELLED}
        assert list(result.ready) == []
        assert observer.ready() == set()

    @pytest.mark.parametrize("outcome", ENDINGS, ids=lambda outcome: type(outcome).__name__)
    def test_a_job_that_ends_anyway_is_not_cancelled(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        held = store.cancel(running(store).id)
        assert dict(store.settle([settlement(held, outcome)]).statuses) == {}
        assert stored(store, held.id).status is not JobStatus.CANCELLED

    # --- refusals -------------------------------------------------------------------------------

    def test_a_settlement_of_another_worker_is_refused(self, store: StateStore) -> None:
        held = running(store)
        self._refused(store, Settlement(held.id, "thief", held.revision, COMPLETED))

    def test_a_settlement_at_an_earlier_revision_is_refused(self, store: StateStore) -> None:
        held = running(store)
        self._refused(store, Settlement(held.id, WORKER, held.revision - 1, COMPLETED))

    def test_a_settlement_at_a_later_revision_is_refused(self, store: StateStore) -> None:
        held = running(store)
        self._refused(store, Settlement(held.id, WORKER, held.revision + 1, COMPLETED))

    @each_outcome
    def test_a_second_settlement_of_the_same_claim_is_refused(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        held = running(store)
        settled(store, held, outcome)
        self._refused(store, settlement(held, _another(outcome)))

    @each_outcome
    def test_a_settlement_that_landed_is_not_refused_when_it_is_sent_again(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        """Its answer was lost on the way; the sender must not believe that it came too late."""
        held = running(store)
        after = settled(store, held, outcome)
        rows = list(store.history(held.id))
        assert list(store.settle([settlement(held, outcome)]).refused) == []
        assert_same(stored(store, held.id), after)
        assert list(store.history(held.id)) == rows

    def test_a_settlement_that_landed_is_known_after_the_job_went_on(
        self, store: StateStore
    ) -> None:
        first = running(store)
        settled(store, first, ADVANCED)
        (second,) = store.claim_ready(["default"], 1, "successor")
        settled(store, second, COMPLETED)
        assert list(store.settle([settlement(first, ADVANCED)]).refused) == []
        assert stored(store, first.id).seq == len([first, second])

    def test_the_same_worker_cannot_settle_its_earlier_claim(self, store: StateStore) -> None:
        """Only the revision tells the two claims of one worker apart."""
        first = running(store)
        settled(store, first, OUTCOMES[5])
        store.claim_ready([first.queue], 1, WORKER)
        self._refused(store, settlement(first, COMPLETED))

    def test_a_worker_that_was_thought_dead_is_refused(self, store: StateStore) -> None:
        """It froze past its lease; another worker has the job, at the same seq and status."""
        frozen = running(store)
        store.recover(WORKER, {}, blame=False, reason="frozen", policy=RecoveryPolicy())
        for outcome in OUTCOMES:
            self._refused(store, settlement(frozen, outcome))
        store.claim_ready([frozen.queue], 1, "successor")
        for outcome in OUTCOMES:
            self._refused(store, settlement(frozen, outcome))

    def test_a_settlement_of_an_unknown_job_is_refused(self, store: StateStore) -> None:
        unknown = Settlement(new_id(), WORKER, 2, COMPLETED)
        assert list(store.settle([unknown]).refused) == [unknown]

    def test_a_settlement_of_a_job_that_nobody_claimed_is_refused(self, store: StateStore) -> None:
        new = submitted(store)
        self._refused(store, Settlement(new.id, WORKER, new.revision, COMPLETED))

    def _refused(self, store: StateStore, late: Settlement) -> None:
        before, rows = stored(store, late.job_id), list(store.history(late.job_id))
        result = store.settle([late])
        assert list(result.refused) == [late]
        assert list(result.ready) == []
        assert_same(stored(store, late.job_id), before)
        assert list(store.history(late.job_id)) == rows

    # --- batches --------------------------------------------------------------------------------

    def test_a_batch_writes_all_that_are_good_and_refuses_the_rest(self, store: StateStore) -> None:
        good = [running(store) for _ in range(4)]
        late = [Settlement(record.id, "thief", record.revision, ADVANCED) for record in good[:2]]
        batch = [late[0], *(settlement(r, COMPLETED) for r in good[:2]), late[1]]
        batch += [settlement(record, ADVANCED) for record in good[2:]]
        result = store.settle(batch)
        assert list(result.refused) == late
        assert [ticket.job_id for ticket in result.ready] == [good[2].id, good[3].id]
        statuses = [stored(store, record.id).status for record in good]
        assert statuses == [JobStatus.COMPLETED] * 2 + [JobStatus.QUEUED] * 2

    @each_outcome
    def test_a_settlement_that_is_twice_in_a_batch_is_written_once(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        held = running(store)
        twice = [settlement(held, outcome)] * 2
        assert list(store.settle(twice).refused) == []
        assert_obeyed(store, held, twice[0])

    @each_outcome
    def test_of_two_outcomes_of_one_claim_in_a_batch_one_counts(
        self, store: StateStore, outcome: Outcome
    ) -> None:
        held = running(store)
        batch = [settlement(held, outcome), settlement(held, _another(outcome))]
        (refused,) = store.settle(batch).refused
        (written,) = [one for one in batch if one != refused]
        assert_obeyed(store, held, written)

    def test_a_batch_of_every_outcome_obeys_the_reference(self, store: StateStore) -> None:
        held = [running(store) for _ in OUTCOMES]
        batch = [settlement(r, outcome) for r, outcome in zip(held, OUTCOMES, strict=True)]
        assert list(store.settle(batch).refused) == []
        for record, written in zip(held, batch, strict=True):
            assert_obeyed(store, record, written)

    def test_an_empty_batch_does_nothing(self, store: StateStore) -> None:
        result = store.settle([])
        assert [list(result.refused), list(result.ready), dict(result.statuses)] == [[], [], {}]

    # --- history --------------------------------------------------------------------------------

    def test_the_history_has_one_applied_row_for_each_seq(self, store: StateStore) -> None:
        held = running(store)
        for seq in range(4):
            settled(store, held, replace(ADVANCED, result=str(seq), step=seq + 1))
            (held,) = store.claim_ready(["default"], 1, WORKER)
        settled(store, held, COMPLETED)
        rows = [row for row in store.history(held.id) if row.event == "applied"]
        assert [row.seq for row in rows] == list(range(5))
        assert [row.result for row in rows] == ["0", "1", "2", "3", COMPLETED.result]

    def test_the_row_that_ends_a_claim_says_who_held_it_and_since_when(
        self, store: StateStore
    ) -> None:
        held = running(store)
        settled(store, held, COMPLETED)
        row = store.history(held.id)[-1]
        assert (row.worker_id, row.claimed_at) == (WORKER, held.claimed_at)

    def test_a_percentage_never_falls(self, store: StateStore) -> None:
        held = running(store, percent_completed=80.0)
        assert settled(store, held, ADVANCED).percent_completed == held.percent_completed


def _another(outcome: Outcome) -> Outcome:
    """Return an outcome that the history calls by another name."""
    return OUTCOMES[(OUTCOMES.index(outcome) + 3) % len(OUTCOMES)]


def _ticket(record: JobRecord) -> Ticket:
    return Ticket(record.id, record.revision, record.queue)
