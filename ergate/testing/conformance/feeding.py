"""What a feed promises: every transition, nothing skipped, and one holder at a time.

Declared with `Capability.FEEDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice

import pytest

from ergate.contracts.capabilities import Capability
from ergate.contracts.feed import FeedRow
from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import Unsupported
from ergate.jobs.events import RecoveryPolicy, Retried
from ergate.jobs.record import HistoryRow
from ergate.jobs.status import JobStatus
from ergate.testing.conformance.case import Now, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    COMPLETED,
    ERROR,
    FROM_START,
    OUTCOMES,
    WORKER,
    assert_same,
    beat,
    ended,
    job,
    running,
    settled,
    settlement,
    submitted,
)
from ergate.testing.conformance.travellers import ELSEWHERE, newcomer

FEED = "log://there?prefix=ergate"
READER, OTHER = "reader-1", "reader-2"
ALL = 10_000
POLICY = RecoveryPolicy(max_deliveries=1)


class Feeding(StoreCase):
    """A feed has each transition from its opening on until it has passed it."""

    @pytest.fixture
    def feeding(self, store: StateStore) -> StateStore:
        """The store, with one feed open; the test is over where a store declares none."""
        if Capability.FEEDS not in store.capabilities:
            pytest.skip("The store declares no FEEDS, and says so: see the first test.")
        assert list(store.feed(FEED, READER, 0, 100 * self.tick_s) or ()) == []
        return store

    def test_a_store_has_feeds_exactly_when_it_declares_so(self, store: StateStore) -> None:
        if Capability.FEEDS in store.capabilities:
            assert store.feed(FEED, READER, 1, 1.0) == []
            assert [info.name for info in store.feeds()] == [FEED]
            return
        calls: Sequence[Callable[[], object]] = (
            lambda: store.feed(FEED, READER, 1, 1.0),
            lambda: store.advance(FEED, []),
            store.feeds,
            lambda: store.drop_feed(FEED),
        )
        for call in calls:
            with pytest.raises(Unsupported, match="FEEDS"):
                call()

    # --- what is in it ----------------------------------------------------------------------------

    def test_a_feed_begins_with_what_happens_after_its_opening(self, store: StateStore) -> None:
        if Capability.FEEDS not in store.capabilities:
            return
        earlier = running(store)
        assert store.feed(FEED, READER, ALL, 100 * self.tick_s) == []
        settled(store, earlier, COMPLETED)
        assert _told(self._read(store)) == [(earlier.id, 3)]

    def test_each_row_is_the_one_in_the_history(self, feeding: StateStore) -> None:
        held = running(feeding, workflow_name="mine")
        settled(feeding, held, ADVANCED)
        rows = self._read(feeding)
        assert [one.workflow_name for one in rows] == ["mine", "mine"]
        for one, row in zip(rows, feeding.history(held.id), strict=True):
            assert_same(one.row, row)

    def test_every_outcome_is_told(self, feeding: StateStore) -> None:
        ids = [settled(feeding, running(feeding), outcome).id for outcome in OUTCOMES]
        self._assert_complete(feeding, ids)

    def test_a_batch_of_settlements_is_told(self, feeding: StateStore) -> None:
        held = [running(feeding) for _ in range(30)]
        feeding.settle([settlement(one, COMPLETED) for one in held])
        self._assert_complete(feeding, [one.id for one in held])

    def test_what_people_order_is_told(self, feeding: StateStore, now: Now) -> None:
        done = ended(feeding)
        feeding.restart(done.id, FROM_START)
        cancelled = submitted(feeding, queue="a")
        feeding.cancel(cancelled.id)
        asked = running(feeding)
        feeding.cancel(asked.id)
        settled(feeding, asked, ADVANCED)
        purged = [
            submitted(feeding, queue="b"),
            submitted(feeding, queue="b", status=JobStatus.SCHEDULED, due_at=now() + 1000),
        ]
        assert feeding.purge("b") == len(purged)
        self._assert_complete(feeding, [done.id, cancelled.id, asked.id, *(x.id for x in purged)])

    def test_what_a_sweep_does_is_told(
        self, feeding: StateStore, now: Now, pass_time: PassTime
    ) -> None:
        due = submitted(feeding, status=JobStatus.SCHEDULED, due_at=now() - 1)
        retried = running(feeding)
        settled(feeding, retried, Retried(error=ERROR, pause_s=0.0))
        beat(feeding, WORKER, lease_s=self.tick_s)
        orphan = running(feeding)
        pass_time(2 * self.tick_s)
        assert feeding.sweep(POLICY)
        self._assert_complete(feeding, [due.id, retried.id, orphan.id])

    def test_what_a_recovery_does_is_told(self, feeding: StateStore) -> None:
        started, waiting = running(feeding), running(feeding)
        feeding.recover(
            WORKER, {started.id: started.revision}, blame=True, reason="dead", policy=POLICY
        )
        self._assert_complete(feeding, [started.id, waiting.id])

    def test_what_is_refused_or_repeated_is_told_once(self, feeding: StateStore) -> None:
        held = running(feeding)
        for _ in range(2):
            feeding.settle([settlement(held, COMPLETED)])
        feeding.submit([job(id=held.id)], if_absent=True)
        self._assert_complete(feeding, [held.id])

    def test_what_shares_a_transaction_is_told_when_that_commits(self, feeding: StateStore) -> None:
        if Capability.TRANSACTIONAL_STEPS not in feeding.capabilities:
            return
        held, undone = running(feeding), running(feeding)
        with feeding.transaction() as transaction:
            transaction.settle(settlement(held, COMPLETED))
        with suppress(KeyError), feeding.transaction() as transaction:
            transaction.settle(settlement(undone, COMPLETED))
            raise KeyError
        new = job()
        if Capability.ENQUEUE_IN_TRANSACTION in feeding.capabilities:
            with feeding.transaction() as transaction:
                feeding.submit_within(transaction.connection, [new])
        self._assert_complete(feeding, [held.id, undone.id, new.id])

    def test_rows_of_several_jobs_come_in_the_order_of_their_writing(
        self, feeding: StateStore
    ) -> None:
        first, second = submitted(feeding), submitted(feeding)
        feeding.cancel(first.id)
        assert _told(self._read(feeding)) == [(first.id, 1), (second.id, 1), (first.id, 2)]

    # --- passing ----------------------------------------------------------------------------------

    def test_rows_come_again_until_they_were_passed(self, feeding: StateStore) -> None:
        ids = [submitted(feeding).id for _ in range(5)]
        assert self._read(feeding, 3) == self._read(feeding, 3)
        first = self._read(feeding, 3)
        assert _told(first) == [(job_id, 1) for job_id in ids[:3]]
        feeding.advance(FEED, first)
        assert _told(self._read(feeding, 3)) == [(job_id, 1) for job_id in ids[3:]]

    def test_only_the_rows_that_were_passed_are_gone(self, feeding: StateStore) -> None:
        """A transaction that began earlier may commit later: nothing before a row is implied."""
        ids = [submitted(feeding).id for _ in range(4)]
        rows = self._read(feeding)
        feeding.advance(FEED, [rows[1], rows[3]])
        assert _told(self._read(feeding)) == [(ids[0], 1), (ids[2], 1)]

    def test_passing_twice_passes_nothing_else(self, feeding: StateStore) -> None:
        submitted(feeding)
        rows = self._read(feeding)
        feeding.advance(FEED, rows)
        new = submitted(feeding)
        feeding.advance(FEED, rows)
        feeding.advance(FEED, [])
        feeding.advance("unknown", rows)
        assert _told(self._read(feeding)) == [(new.id, 1)]

    def test_a_page_never_divides_the_order_of_one_job(self, feeding: StateStore) -> None:
        held = running(feeding)
        for _ in range(4):
            settled(feeding, held, ADVANCED)
            (held,) = feeding.claim_ready(["default"], 1, WORKER)
        seen: list[tuple[str, int]] = []
        while rows := self._read(feeding, 2):
            seen += _told(rows)
            feeding.advance(FEED, rows)
        assert seen == [(held.id, revision) for revision in (1, 3, 5, 7, 9)]

    def test_feeds_pass_rows_apart_from_each_other(self, feeding: StateStore) -> None:
        before = submitted(feeding)
        feeding.feed("another", READER, 0, 100 * self.tick_s)
        after = submitted(feeding)
        assert _told(feeding.feed("another", READER, ALL, 100 * self.tick_s)) == [(after.id, 1)]
        feeding.advance(FEED, self._read(feeding))
        assert _told(feeding.feed("another", READER, ALL, 100 * self.tick_s)) == [(after.id, 1)]
        assert self._read(feeding) == []
        assert before.id != after.id

    # --- what is deleted --------------------------------------------------------------------------

    def test_what_is_pruned_is_told_all_the_same(self, feeding: StateStore) -> None:
        done = ended(feeding)
        rows = list(feeding.history(done.id))
        assert feeding.prune(JobFilter()) == 1
        again = submitted(feeding, id=done.id)
        told = self._read(feeding)
        assert _told(told) == [(done.id, 1), (done.id, 3), (again.id, 1)]
        for one, row in zip(told, rows, strict=False):
            assert_same(one.row, row)

    def test_a_job_that_leaves_is_told_although_it_is_forgotten(self, feeding: StateStore) -> None:
        if Capability.MOVE not in feeding.capabilities:
            return
        waiting = submitted(feeding)
        (gone,) = feeding.depart(1, ELSEWHERE)
        assert feeding.dismiss({waiting.id: gone.job.revision}) == 1
        told = self._read(feeding)
        assert _told(told) == [(waiting.id, 1), (waiting.id, 2)]
        assert_same(told[-1].row, gone.history[-1])

    def test_a_job_that_comes_is_told_of_its_arrival_alone(self, feeding: StateStore) -> None:
        """The store that it left has told the rest."""
        if Capability.MOVE not in feeding.capabilities:
            return
        new = newcomer(seq=1)
        feeding.admit([new])
        feeding.admit([new])
        (one,) = self._read(feeding)
        assert_same(one.row, feeding.history(new.job.id)[-1])
        assert (one.row.event, one.workflow_name) == ("arrived", new.job.workflow_name)

    # --- one holder -------------------------------------------------------------------------------

    def test_a_feed_is_given_to_one_holder_at_a_time(
        self, feeding: StateStore, other: StateStore
    ) -> None:
        new = submitted(feeding)
        assert other.feed(FEED, OTHER, ALL, 100 * self.tick_s) is None
        assert _told(self._read(feeding)) == [(new.id, 1)]

    def test_another_holder_may_go_on_when_the_lease_has_ended(
        self, feeding: StateStore, other: StateStore, pass_time: PassTime
    ) -> None:
        new = submitted(feeding)
        assert feeding.feed(FEED, READER, ALL, 2 * self.tick_s) is not None
        pass_time(3 * self.tick_s)
        assert _told(other.feed(FEED, OTHER, ALL, 100 * self.tick_s)) == [(new.id, 1)]
        assert feeding.feed(FEED, READER, ALL, 100 * self.tick_s) is None

    def test_reading_renews_the_lease(
        self, feeding: StateStore, other: StateStore, pass_time: PassTime
    ) -> None:
        for _ in range(3):
            assert feeding.feed(FEED, READER, ALL, 3 * self.tick_s) is not None
            pass_time(2 * self.tick_s)
            assert other.feed(FEED, OTHER, ALL, 100 * self.tick_s) is None

    def test_a_lease_that_is_given_up_ends_at_once(
        self, feeding: StateStore, other: StateStore
    ) -> None:
        assert feeding.feed(FEED, READER, 0, 0.0) == []
        assert other.feed(FEED, OTHER, ALL, 100 * self.tick_s) == []

    def test_what_a_late_holder_has_published_is_passed(
        self, feeding: StateStore, other: StateStore, pass_time: PassTime
    ) -> None:
        first = submitted(feeding)
        late = feeding.feed(FEED, READER, ALL, self.tick_s) or ()
        pass_time(2 * self.tick_s)
        second = submitted(feeding)
        told = _told(other.feed(FEED, OTHER, ALL, 100 * self.tick_s))
        assert told == [(first.id, 1), (second.id, 1)]
        feeding.advance(FEED, late)
        assert _told(other.feed(FEED, OTHER, ALL, 100 * self.tick_s)) == [(second.id, 1)]

    # --- what people see --------------------------------------------------------------------------

    def test_a_feed_tells_how_far_it_is_behind(
        self, feeding: StateStore, now: Now, pass_time: PassTime
    ) -> None:
        (info,) = feeding.feeds()
        assert (info.name, info.holder, info.waiting, info.oldest_at) == (FEED, READER, 0, None)
        new = submitted(feeding, created_at=123.0)
        feeding.cancel(new.id)
        feeding.feed(FEED, READER, ALL, self.tick_s)
        pass_time(2 * self.tick_s)
        (info,) = feeding.feeds()
        assert (info.holder, info.waiting, info.oldest_at) == (None, 2, 123.0)
        assert info.held_until < now()

    def test_a_feed_that_was_dropped_begins_anew(self, feeding: StateStore) -> None:
        submitted(feeding)
        rows = self._read(feeding)
        assert [feeding.drop_feed(FEED), feeding.drop_feed(FEED)] == [True, False]
        submitted(feeding)
        assert list(feeding.feeds()) == []
        assert feeding.feed(FEED, OTHER, ALL, 100 * self.tick_s) == []
        new = submitted(feeding)
        feeding.advance(FEED, rows)
        assert _told(feeding.feed(FEED, OTHER, ALL, 100 * self.tick_s)) == [(new.id, 1)]

    # --- many at once -----------------------------------------------------------------------------

    def test_nothing_is_skipped_while_many_write(
        self, feeding: StateStore, other: StateStore
    ) -> None:
        def work(number: int) -> list[str]:
            store, worker_id = (feeding, other)[number % 2], f"worker-{number}"
            ids = []
            for _ in range(15):
                held = running(store, worker_id)
                settled(store, held, ADVANCED if number % 3 else COMPLETED)
                ids.append(held.id)
            return ids

        seen: list[FeedRow] = []
        with ThreadPoolExecutor(4) as pool:
            working = [pool.submit(work, number) for number in range(4)]
            while not all(one.done() for one in working):
                seen += self._pass_some(feeding, 7)
            ids = [job_id for one in working for job_id in one.result()]
        while rows := self._pass_some(feeding, 50):
            seen += rows
        self._compare(feeding, seen, ids)

    def _pass_some(self, store: StateStore, limit: int) -> list[FeedRow]:
        rows = list(islice(self._read(store, limit), limit))
        store.advance(FEED, rows)
        return rows

    def _read(self, store: StateStore, limit: int = ALL) -> list[FeedRow]:
        rows = store.feed(FEED, READER, limit, 100 * self.tick_s)
        assert rows is not None, "its own holder was refused"
        return list(rows)

    def _assert_complete(self, store: StateStore, ids: Sequence[str]) -> None:
        self._compare(store, self._read(store), ids)

    def _compare(self, store: StateStore, told: Sequence[FeedRow], ids: Sequence[str]) -> None:
        """Assert that the feed told each job's history, in its order, once."""
        rows: dict[str, list[HistoryRow]] = {job_id: [] for job_id in ids}
        for one in told:
            rows[one.row.job_id].append(one.row)
        for job_id, actual in rows.items():
            expected = list(store.history(job_id))
            assert [row.revision for row in actual] == [row.revision for row in expected]
            assert actual == expected


def _told(rows: Sequence[FeedRow] | None) -> list[tuple[str, int]]:
    assert rows is not None, "the feed was refused"
    return [(one.row.job_id, one.row.revision) for one in rows]
