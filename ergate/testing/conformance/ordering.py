"""What the orders of people promise: cancel, restart, prune, purge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import JobNotFoundError, UsageError
from ergate.jobs.events import CancelAsked, Outcome, RecoveryPolicy
from ergate.jobs.ids import new_id
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Now, Observer, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    COMPLETED,
    ENDINGS,
    FROM_START,
    WORKER,
    assert_obeyed,
    assert_same,
    claim_order,
    ended,
    running,
    settled,
    settlement,
    stored,
    submitted,
)

each_ending = pytest.mark.parametrize("ending", ENDINGS, ids=lambda end: type(end).__name__)


class Ordering(StoreCase):
    """Orders are transitions like any other: refused when the job is not in a fit state."""

    # --- cancel -----------------------------------------------------------------------------------

    def test_a_ready_job_is_cancelled_at_once(self, store: StateStore, observer: Observer) -> None:
        new = submitted(store)
        assert_same(store.cancel(new.id), stored(store, new.id))
        assert_obeyed(store, new, CancelAsked())
        assert observer.ready() == set()
        assert list(store.claim([Ticket(new.id, 1)], "w")) == []

    def test_a_waiting_job_is_cancelled_at_once(self, store: StateStore, now: Now) -> None:
        waiting = submitted(store, status=JobStatus.SCHEDULED, due_at=now() - 1)
        store.cancel(waiting.id)
        assert_obeyed(store, waiting, CancelAsked())
        assert store.sweep(RecoveryPolicy()).due == 0

    def test_a_running_job_is_only_asked_and_its_worker_may_settle(self, store: StateStore) -> None:
        held = running(store)
        asked = store.cancel(held.id)
        assert_same(asked, replace(held, cancel_requested=True))
        assert_same(stored(store, held.id), asked)
        assert list(store.settle([settlement(held, COMPLETED)]).refused) == []

    def test_asking_a_running_job_twice_is_the_same_as_once(self, store: StateStore) -> None:
        held = running(store)
        assert_same(store.cancel(held.id), store.cancel(held.id))
        assert [row.event for row in store.history(held.id)] == ["submitted"]

    @each_ending
    def test_an_ended_job_cannot_be_cancelled(self, store: StateStore, ending: Outcome) -> None:
        done = settled(store, running(store), ending)
        with pytest.raises(UsageError, match=done.id):
            store.cancel(done.id)
        assert_same(stored(store, done.id), done)

    def test_a_cancelled_job_cannot_be_cancelled_again(self, store: StateStore) -> None:
        cancelled = store.cancel(submitted(store).id)
        with pytest.raises(UsageError):
            store.cancel(cancelled.id)

    def test_an_unknown_job_can_be_neither_cancelled_nor_restarted(self, store: StateStore) -> None:
        with pytest.raises(JobNotFoundError, match="unknown-id"):
            store.cancel("unknown-id")
        with pytest.raises(JobNotFoundError, match="unknown-id"):
            store.restart("unknown-id", FROM_START)

    # --- restart ----------------------------------------------------------------------------------

    @each_ending
    def test_an_ended_job_starts_again(
        self, store: StateStore, observer: Observer, ending: Outcome
    ) -> None:
        done = settled(store, running(store), ending)
        again = store.restart(done.id, FROM_START)
        assert_same(again, stored(store, done.id))
        assert_obeyed(store, done, FROM_START)
        assert observer.ready() == {Ticket(done.id, done.revision + 1)}

    def test_a_job_starts_again_from_a_later_step_with_an_edited_input(
        self, store: StateStore
    ) -> None:
        done = settled(store, running(store), ENDINGS[1])
        later = replace(
            FROM_START, step=2, step_name="three", steps_completed=2, percent=66.6, queue="mail"
        )
        store.restart(done.id, later)
        assert_obeyed(store, done, later)
        (held,) = store.claim_ready(["mail"], 1, WORKER)
        assert (held.input_json, held.initial_input_value) == (later.input_json, '{"n":1}')

    def test_a_restarted_job_goes_on_counting_its_applied_steps(self, store: StateStore) -> None:
        """The idempotency key of a step that runs again is a new one."""
        done = settled(store, running(store), COMPLETED)
        store.restart(done.id, FROM_START)
        (held,) = store.claim_ready(["default"], 1, WORKER)
        assert held.seq == 1
        settled(store, held, COMPLETED)
        applied = [row.seq for row in store.history(done.id) if row.event == "applied"]
        assert applied == [0, 1]

    def test_a_cancelled_job_starts_again_without_its_cancel_request(
        self, store: StateStore
    ) -> None:
        held = store.cancel(running(store).id)
        settled(store, held, ADVANCED)
        again = store.restart(held.id, FROM_START)
        assert (again.status, again.cancel_requested) == (JobStatus.QUEUED, False)

    def test_a_live_job_cannot_start_again(self, store: StateStore, now: Now) -> None:
        live = [
            submitted(store),
            running(store),
            submitted(store, status=JobStatus.SCHEDULED, due_at=now() + 1000),
        ]
        for record in live:
            with pytest.raises(UsageError, match=record.id):
                store.restart(record.id, FROM_START)
            assert_same(stored(store, record.id), record)

    # --- prune ------------------------------------------------------------------------------------

    def test_ended_jobs_are_deleted_with_their_history(self, store: StateStore) -> None:
        done = [ended(store).id, store.cancel(submitted(store).id).id]
        assert store.prune(JobFilter()) == len(done)
        assert [store.get(job_id) for job_id in done] == [None, None]
        assert [list(store.history(job_id)) for job_id in done] == [[], []]

    def test_live_jobs_are_never_deleted(self, store: StateStore, now: Now) -> None:
        live = [
            submitted(store),
            running(store),
            store.cancel(running(store).id),
            submitted(store, status=JobStatus.SCHEDULED, due_at=now() + 1000),
            submitted(store, status=JobStatus.PENDING),
        ]
        assert store.prune(JobFilter()) == 0
        assert store.prune(JobFilter(status=JobStatus.QUEUED)) == 0
        for record in live:
            assert_same(stored(store, record.id), record)

    def test_only_what_the_filter_names_is_deleted(self, store: StateStore, now: Now) -> None:
        ended(store)
        failed = settled(store, running(store, workflow_name="mine"), ENDINGS[1])
        assert store.prune(JobFilter(finished_before=now() - 60)) == 0
        assert store.prune(JobFilter(workflow="other")) == 0
        assert store.prune(JobFilter(status=JobStatus.FAILED, workflow="mine")) == 1
        assert store.get(failed.id) is None

    def test_the_limit_bounds_one_call(self, store: StateStore) -> None:
        for _ in range(5):
            ended(store)
        assert [store.prune(JobFilter(), limit=2) for _ in range(4)] == [2, 2, 1, 0]

    def test_the_id_of_a_deleted_job_is_free_again(self, store: StateStore) -> None:
        done = ended(store, id=new_id())
        store.prune(JobFilter())
        again = submitted(store, id=done.id)
        assert_same(stored(store, done.id), again)
        assert [row.event for row in store.history(done.id)] == ["submitted"]

    # --- purge ------------------------------------------------------------------------------------

    def test_a_purge_cancels_what_waits_in_one_queue(
        self, store: StateStore, now: Now, observer: Observer
    ) -> None:
        waiting = [
            submitted(store, queue="mail"),
            submitted(store, queue="mail", status=JobStatus.SCHEDULED, due_at=now() + 1000),
        ]
        kept = submitted(store)
        assert store.purge("mail") == len(waiting)
        for record in waiting:
            assert_obeyed(store, record, CancelAsked())
        assert observer.ready() == {Ticket(kept.id, 1)}
        assert store.purge("mail") == 0

    def test_a_purge_leaves_what_runs(self, store: StateStore) -> None:
        held = running(store, queue="mail")
        assert store.purge("mail") == 0
        assert_same(stored(store, held.id), held)
        assert claim_order(store.list(JobFilter(queue="mail"))) == [held.id]
