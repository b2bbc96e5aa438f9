"""What the questions of people promise: get, list, count, history, queues."""

from __future__ import annotations

import pytest

from ergate.contracts.state_store import JobFilter, QueueStats, StateStore
from ergate.jobs.ids import new_id
from ergate.jobs.status import JobStatus
from ergate.testing.conformance.case import Now, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    ENDINGS,
    OUTCOMES,
    TIME_TOLERANCE_S,
    WORKER,
    claim_order,
    ended,
    running,
    settled,
    submitted,
)


class Asking(StoreCase):
    """People see every job, as it is now, by each property that a filter names."""

    def test_an_unknown_id_gives_nothing(self, store: StateStore) -> None:
        assert store.get(new_id()) is None
        assert list(store.history(new_id())) == []

    def test_a_job_is_seen_through_another_handle_at_once(
        self, store: StateStore, other: StateStore
    ) -> None:
        held = running(store)
        assert other.get(held.id) == store.get(held.id)
        settled(other, held, ADVANCED)
        assert store.get(held.id) == other.get(held.id)
        assert list(store.history(held.id)) == list(other.history(held.id))

    def test_many_jobs_are_asked_for_at_once_and_only_those_that_exist_are_answered(
        self, store: StateStore
    ) -> None:
        jobs = [submitted(store) for _ in range(3)]
        wanted = [jobs[2].id, new_id(), jobs[0].id, jobs[2].id]
        assert store.get_many(wanted) == {job.id: job for job in (jobs[0], jobs[2])}
        assert store.get_many([]) == {}

    # --- list -------------------------------------------------------------------------------------

    def test_the_newest_job_is_listed_first(self, store: StateStore) -> None:
        ids = [submitted(store, created_at=moment).id for moment in (10.0, 20.0, 30.0)]
        assert claim_order(store.list(JobFilter())) == ids[::-1]

    def test_limit_and_offset_cut_pages_from_the_list(self, store: StateStore) -> None:
        ids = [submitted(store, created_at=100.0 + n).id for n in range(5)][::-1]
        pages = [store.list(JobFilter(), limit=2, offset=offset) for offset in (0, 2, 4, 6)]
        assert [claim_order(page) for page in pages] == [ids[:2], ids[2:4], ids[4:], []]

    def test_the_list_is_limited_to_a_workflow(self, store: StateStore) -> None:
        mine = submitted(store, workflow_name="mine")
        submitted(store)
        assert claim_order(store.list(JobFilter(workflow="mine"))) == [mine.id]

    def test_the_list_is_limited_to_a_queue(self, store: StateStore) -> None:
        mine = submitted(store, queue="mine")
        submitted(store)
        assert claim_order(store.list(JobFilter(queue="mine"))) == [mine.id]

    def test_since_includes_its_own_moment(self, store: StateStore) -> None:
        submitted(store, created_at=99.0)
        mine = [submitted(store, created_at=moment).id for moment in (100.0, 101.0)]
        assert claim_order(store.list(JobFilter(since=100.0))) == mine[::-1]

    def test_finished_before_leaves_out_jobs_that_have_not_ended(
        self, store: StateStore, now: Now
    ) -> None:
        submitted(store)
        done = ended(store)
        assert claim_order(store.list(JobFilter(finished_before=now() + 60))) == [done.id]
        assert claim_order(store.list(JobFilter(finished_before=now() - 60))) == []

    def test_each_status_lists_its_own_jobs(self, store: StateStore, now: Now) -> None:
        ids = self._one_of_each_status(store, now)
        listed = {status: claim_order(store.list(JobFilter(status=status))) for status in ids}
        assert listed == {status: [job_id] for status, job_id in ids.items()}

    def test_several_conditions_must_all_hold(self, store: StateStore) -> None:
        submitted(store, workflow_name="mine")
        submitted(store, queue="mail")
        both = submitted(store, workflow_name="mine", queue="mail")
        which = JobFilter(workflow="mine", queue="mail", status=JobStatus.QUEUED)
        assert claim_order(store.list(which)) == [both.id]

    # --- count ------------------------------------------------------------------------------------

    def test_jobs_are_counted_by_the_status_that_people_see(
        self, store: StateStore, now: Now
    ) -> None:
        expected = dict.fromkeys(self._one_of_each_status(store, now), 1)
        assert dict(store.count(JobFilter())) == expected

    def test_a_count_can_be_limited(self, store: StateStore) -> None:
        submitted(store, queue="mail")
        submitted(store, queue="mail")
        submitted(store)
        assert dict(store.count(JobFilter(queue="mail"))) == {JobStatus.QUEUED: 2}
        assert dict(store.count(JobFilter(workflow="unknown"))) == {}

    # --- history ----------------------------------------------------------------------------------

    def test_history_is_in_the_order_of_the_revisions_without_a_gap(
        self, store: StateStore
    ) -> None:
        held = running(store)
        for outcome in (OUTCOMES[5], ADVANCED, ENDINGS[1]):
            after = settled(store, held, outcome)
            held = next(iter(store.claim_ready([after.queue], 1, WORKER)), held)
        rows = store.history(held.id)
        assert [row.event for row in rows] == ["submitted", "released", "applied", "failed"]
        # The transition before a row that ends a claim is the claim.
        assert [row.revision for row in rows] == [1, 3, 5, 7]

    # --- queues -----------------------------------------------------------------------------------

    def test_a_queue_shows_what_waits_and_what_runs(self, store: StateStore, now: Now) -> None:
        before = now()
        running(store, queue="mail")
        submitted(store, queue="mail")
        submitted(store, queue="mail")
        later = submitted(store, queue="mail", status=JobStatus.SCHEDULED, due_at=now() + 1000)
        (stats,) = store.queues()
        oldest, due = stats.oldest_ready_at, stats.next_due_at
        expected = QueueStats(
            queue="mail", ready=2, scheduled=1, running=1, oldest_ready_at=oldest, next_due_at=due
        )
        assert stats == expected
        assert oldest is not None
        assert before - 1 <= oldest <= now() + 1
        assert due == pytest.approx(later.due_at, abs=TIME_TOLERANCE_S)

    def test_a_queue_tells_when_the_first_of_its_scheduled_jobs_comes_due(
        self, store: StateStore, now: Now
    ) -> None:
        moments = [now() + after_s for after_s in (3000, 1000, 2000)]
        for moment in moments:
            submitted(store, queue="mail", status=JobStatus.SCHEDULED, due_at=moment)
        submitted(store, queue="other")
        due = {stats.queue: stats.next_due_at for stats in store.queues()}
        assert due["mail"] == pytest.approx(min(moments), abs=TIME_TOLERANCE_S)
        assert due["other"] is None

    def test_only_queues_of_jobs_that_have_not_ended_are_shown(self, store: StateStore) -> None:
        ended(store, queue="done")
        running(store, queue="b")
        submitted(store, queue="a")
        assert sorted(stats.queue for stats in store.queues()) == ["a", "b"]

    def test_a_queue_without_ready_jobs_has_no_oldest(self, store: StateStore) -> None:
        running(store, queue="b")
        assert [stats.oldest_ready_at for stats in store.queues()] == [None]

    def _one_of_each_status(self, store: StateStore, now: Now) -> dict[JobStatus, str]:
        completed, failed, aborted = (settled(store, running(store), end) for end in ENDINGS)
        scheduled = submitted(store, status=JobStatus.SCHEDULED, due_at=now() + 1000)
        return {
            JobStatus.QUEUED: submitted(store).id,
            JobStatus.PENDING: submitted(store, status=JobStatus.PENDING).id,
            JobStatus.SCHEDULED: scheduled.id,
            JobStatus.RUNNING: running(store).id,
            JobStatus.CANCELLING: store.cancel(running(store).id).id,
            JobStatus.CANCELLED: store.cancel(submitted(store, queue="x").id).id,
            JobStatus.COMPLETED: completed.id,
            JobStatus.FAILED: failed.id,
            JobStatus.ABORTED: aborted.id,
        }
