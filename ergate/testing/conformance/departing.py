"""What a store promises about jobs that leave for another one."""

from __future__ import annotations

import pytest

from ergate.contracts.capabilities import Capability
from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import Unsupported, UsageError
from ergate.jobs.events import RecoveryPolicy, Retried
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import Now, Observer, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    ERROR,
    FROM_START,
    assert_obeyed,
    assert_same,
    ended,
    running,
    settled,
    stored,
    submitted,
)
from ergate.testing.conformance.travellers import (
    ELSEWHERE,
    LEAVES,
    assert_same_travellers,
    ids,
    revisions,
)


class Departing(StoreCase):
    """What departs cannot run here any more, and is forgotten only when somebody says so."""

    def test_a_store_lets_jobs_go_exactly_when_it_declares_so(self, store: StateStore) -> None:
        if Capability.MOVE in store.capabilities:
            assert list(store.depart(1, ELSEWHERE)) == []
            return
        with pytest.raises(Unsupported, match="MOVE"):
            store.depart(1, ELSEWHERE)
        with pytest.raises(Unsupported, match="MOVE"):
            store.departed(1)
        with pytest.raises(Unsupported, match="MOVE"):
            store.admit([])
        with pytest.raises(Unsupported, match="MOVE"):
            store.dismiss({})

    # --- departing --------------------------------------------------------------------------------

    def test_a_ready_job_departs_and_nobody_can_claim_it(
        self, movable: StateStore, other: StateStore, observer: Observer
    ) -> None:
        new = submitted(movable)
        (traveller,) = movable.depart(9, ELSEWHERE)
        assert_obeyed(movable, new, LEAVES)
        assert_same(traveller.job, stored(other, new.id))
        assert [row.event for row in traveller.history] == ["submitted", "departed"]
        assert_same(traveller.history[-1], other.history(new.id)[-1])
        assert traveller.destination == ELSEWHERE
        assert observer.ready() == set()
        assert list(other.claim_ready(["default"], 9, "w")) == []
        assert list(other.claim([Ticket(new.id, 1), Ticket(new.id, 2)], "w")) == []
        assert list(other.unpublished(9, 0)) == []

    def test_a_published_job_departs_too(self, movable: StateStore, observer: Observer) -> None:
        new = submitted(movable)
        movable.published([Ticket(new.id, 1)])
        assert ids(movable.depart(9, ELSEWHERE)) == [new.id]
        assert observer.ready() == set()
        assert movable.republish(0, 9) == 0

    def test_a_scheduled_job_departs_and_does_not_come_due(
        self, movable: StateStore, now: Now, pass_time: PassTime
    ) -> None:
        later = submitted(movable, status=JobStatus.SCHEDULED, due_at=now() + self.tick_s)
        (traveller,) = movable.depart(9, ELSEWHERE)
        assert_obeyed(movable, later, LEAVES)
        assert traveller.job.due_at == pytest.approx(later.due_at)
        pass_time(2 * self.tick_s)
        assert movable.sweep(RecoveryPolicy()).due == 0
        assert stored(movable, later.id).status is JobStatus.PENDING

    def test_jobs_on_their_way_do_not_keep_others_from_coming_due(
        self, movable: StateStore, now: Now
    ) -> None:
        for _ in range(3):
            submitted(movable, status=JobStatus.SCHEDULED, due_at=now() - 5)
        movable.depart(3, ELSEWHERE)
        due = submitted(movable, status=JobStatus.SCHEDULED, due_at=now() - 1)
        assert movable.sweep(RecoveryPolicy(), limit=1).due == 1
        assert stored(movable, due.id).status is JobStatus.QUEUED

    def test_a_job_that_waits_for_a_retry_departs_with_its_attempts_and_its_error(
        self, movable: StateStore
    ) -> None:
        failed = settled(movable, running(movable), Retried(error=ERROR, pause_s=500.0))
        (traveller,) = movable.depart(9, ELSEWHERE)
        assert_obeyed(movable, failed, LEAVES)
        seen = (traveller.job.attempt, traveller.job.error, traveller.job.due_at)
        assert seen == (1, ERROR, failed.due_at)

    def test_running_and_ended_jobs_stay(self, movable: StateStore) -> None:
        staying = [running(movable), ended(movable), movable.cancel(submitted(movable).id)]
        assert list(movable.depart(9, ELSEWHERE)) == []
        for record in staying:
            assert_same(stored(movable, record.id), record)

    def test_a_running_job_can_still_be_settled_and_departs_then(self, movable: StateStore) -> None:
        held = running(movable)
        assert list(movable.depart(9, ELSEWHERE)) == []
        onward = settled(movable, held, ADVANCED)
        (traveller,) = movable.depart(9, ELSEWHERE)
        assert_obeyed(movable, onward, LEAVES)
        assert [row.event for row in traveller.history] == ["submitted", "applied", "departed"]

    def test_each_queue_departs_in_the_order_of_claiming_and_what_is_scheduled_comes_last(
        self, movable: StateStore, now: Now
    ) -> None:
        second = submitted(movable, status=JobStatus.SCHEDULED, due_at=now() + 200).id
        first = submitted(movable, status=JobStatus.SCHEDULED, due_at=now() + 100).id
        mails = [submitted(movable, queue="mail").id for _ in range(3)]
        urgent, usual = [submitted(movable, priority=n).id for n in (5, 0)]
        gone = ids(movable.depart(99, ELSEWHERE))
        assert [one for one in gone if one in mails] == mails
        assert [one for one in gone if one in (urgent, usual)] == [urgent, usual]
        assert gone[-2:] == [first, second]

    def test_the_limit_bounds_one_departure(self, movable: StateStore, now: Now) -> None:
        for _ in range(3):
            submitted(movable)
            submitted(movable, status=JobStatus.SCHEDULED, due_at=now() + 100)
        assert [len(movable.depart(4, ELSEWHERE)) for _ in range(3)] == [4, 2, 0]

    def test_what_has_departed_is_listed_in_its_order_until_it_is_dismissed(
        self, movable: StateStore, other: StateStore, pass_time: PassTime
    ) -> None:
        submitted(movable)
        first = movable.depart(9, ELSEWHERE)
        pass_time(self.tick_s / 10)
        submitted(movable)
        gone = [*first, *movable.depart(9, ELSEWHERE)]
        found = other.departed(9)
        assert ids(found) == ids(gone)
        for traveller, expected in zip(found, gone, strict=True):
            assert_same_travellers(traveller, expected)
        assert ids(other.departed(1)) == ids(gone[:1])
        assert ids(other.departed(9, offset=1)) == ids(gone[1:])

    # --- what is on its way -----------------------------------------------------------------------

    def test_a_job_on_its_way_can_be_neither_cancelled_nor_restarted_nor_purged(
        self, movable: StateStore
    ) -> None:
        new = submitted(movable)
        (traveller,) = movable.depart(9, ELSEWHERE)
        with pytest.raises(UsageError, match="on its way"):
            movable.cancel(new.id)
        with pytest.raises(UsageError, match="on its way"):
            movable.restart(new.id, FROM_START)
        assert (movable.purge("default"), movable.prune(JobFilter())) == (0, 0)
        assert_same(stored(movable, new.id), traveller.job)

    def test_a_job_on_its_way_does_not_wait_in_its_queue(
        self, movable: StateStore, now: Now
    ) -> None:
        submitted(movable)
        submitted(movable, status=JobStatus.SCHEDULED, due_at=now() + 100)
        movable.depart(9, ELSEWHERE)
        stats = [(one.ready, one.scheduled, one.next_due_at) for one in movable.queues()]
        assert stats in ([], [(0, 0, None)])
        assert dict(movable.count(JobFilter())) == {JobStatus.PENDING: 2}

    # --- dismissing -------------------------------------------------------------------------------

    def test_what_is_dismissed_is_gone_with_its_history(
        self, movable: StateStore, other: StateStore
    ) -> None:
        submitted(movable)
        (traveller,) = movable.depart(9, ELSEWHERE)
        assert movable.dismiss(revisions(traveller)) == 1
        assert other.get(traveller.job.id) is None
        assert list(other.history(traveller.job.id)) == []
        assert list(other.departed(9)) == []
        assert dict(other.count(JobFilter())) == {}
        assert movable.dismiss(revisions(traveller)) == 0

    def test_only_what_is_pending_at_that_revision_is_dismissed(self, movable: StateStore) -> None:
        held = running(movable)
        waiting = submitted(movable, queue="mail")
        assert movable.dismiss({held.id: held.revision, waiting.id: 1, "unknown": 1}) == 0
        movable.depart(9, ELSEWHERE)
        assert movable.dismiss({waiting.id: 1}) == 0
        assert movable.dismiss({}) == 0
        assert stored(movable, held.id).status is JobStatus.RUNNING
        assert stored(movable, waiting.id).status is JobStatus.PENDING

    def test_the_id_of_a_dismissed_job_is_free_again(self, movable: StateStore) -> None:
        new = submitted(movable)
        movable.dismiss(revisions(*movable.depart(9, ELSEWHERE)))
        again = submitted(movable, id=new.id)
        assert_same(stored(movable, new.id), again)
        assert [row.event for row in movable.history(new.id)] == ["submitted"]
