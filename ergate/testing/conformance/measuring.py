"""What a store promises about its activity: every job that ended counts once, where it ended.

Declared with `Capability.ACTIVITY`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from ergate.contracts.activity import SAMPLES, Activity
from ergate.contracts.capabilities import Capability
from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import Unsupported
from ergate.jobs.record import JobRecord
from ergate.testing.conformance.case import Now, PassTime, StoreCase
from ergate.testing.conformance.moves import (
    COMPLETED,
    ENDINGS,
    FROM_START,
    WORKER,
    ended,
    job,
    running,
    settled,
    settlement,
    submitted,
)

HOUR_S = 3600.0


class Measuring(StoreCase):
    """Charts show what the jobs themselves say."""

    @pytest.fixture
    def measuring(self, store: StateStore) -> StateStore:
        """The store; the test is over where it declares no ACTIVITY."""
        if Capability.ACTIVITY not in store.capabilities:
            pytest.skip("The store declares no ACTIVITY, and says so: see the first test.")
        return store

    def test_a_store_tells_its_activity_exactly_when_it_declares_so(
        self, store: StateStore
    ) -> None:
        if Capability.ACTIVITY in store.capabilities:
            assert list(store.activity(1_000.0, 60.0, 2)) == [
                Activity(at=1_000.0),
                Activity(at=1_060.0),
            ]
            return
        with pytest.raises(Unsupported, match="ACTIVITY"):
            store.activity(1_000.0, 60.0, 2)

    def test_each_ending_counts_as_what_it_is(
        self, measuring: StateStore, other: StateStore, now: Now
    ) -> None:
        for ending in (*ENDINGS, COMPLETED):
            settled(measuring, running(measuring), ending)
        measuring.cancel(submitted(measuring).id)
        running(measuring)
        (figures,) = other.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert (figures.completed, figures.failed) == (2, 2)

    def test_a_job_counts_in_the_span_in_which_it_ended(
        self, measuring: StateStore, pass_time: PassTime
    ) -> None:
        ends = []
        for _ in range(3):
            ends.append(_end(ended(measuring)))
            pass_time(self.tick_s)
        # On a server's own clock it is only known afterwards how much time has passed.
        since = ends[0] - self.tick_s / 2
        spans = int((ends[-1] - since) / self.tick_s) + 2
        edges = [since + number * self.tick_s for number in range(spans + 1)]
        expected = [sum(begin <= end < later for end in ends) for begin, later in pairwise(edges)]
        found = measuring.activity(since, self.tick_s, spans)
        assert [one.completed for one in found] == expected
        assert sum(expected) == len(ends)

    def test_a_moment_belongs_to_the_span_that_it_begins(self, measuring: StateStore) -> None:
        at = _end(ended(measuring))
        before, after = measuring.activity(at - 0.5, 0.5, 2)
        assert (before.completed, after.completed) == (0, 1)
        assert (before.at, after.at) == (at - 0.5, at)

    def test_a_job_takes_from_its_creation_to_its_end(
        self, measuring: StateStore, now: Now
    ) -> None:
        ended(measuring, created_at=now() - 100.0)
        (figures,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert figures.p50_s == pytest.approx(100.0, abs=1.0)
        assert figures.p99_s == figures.p50_s

    def test_the_wait_for_a_start_that_was_asked_for_does_not_count(
        self, measuring: StateStore, now: Now
    ) -> None:
        ended(measuring, created_at=now() - 100.0, requested_start_time=now() - 40.0)
        (figures,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert figures.p50_s == pytest.approx(40.0, abs=1.0)

    def test_a_start_asked_for_before_the_creation_means_nothing(
        self, measuring: StateStore, now: Now
    ) -> None:
        ended(measuring, created_at=now() - 100.0, requested_start_time=now() - 400.0)
        (figures,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert figures.p50_s == pytest.approx(100.0, abs=1.0)

    def test_a_job_that_was_created_by_a_clock_ahead_took_no_time(
        self, measuring: StateStore, now: Now
    ) -> None:
        ended(measuring, created_at=now() + 100.0)
        (figures,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert figures.p50_s == 0.0

    def test_percentiles_are_of_the_nearest_rank(self, measuring: StateStore, now: Now) -> None:
        # Created an hour apart, so that what the test itself takes does not matter.
        for hours, ending in zip(range(1, 8), ENDINGS * 3, strict=False):
            settled(measuring, running(measuring, created_at=now() - hours * HOUR_S), ending)
        (figures,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert figures.p50_s == pytest.approx(4 * HOUR_S, abs=60.0)
        assert figures.p99_s == pytest.approx(7 * HOUR_S, abs=60.0)

    def test_beyond_the_samples_numbers_stay_exact_and_percentiles_stay_near(
        self, measuring: StateStore, now: Now
    ) -> None:
        many = 4 * SAMPLES
        hours = [now() - n * HOUR_S for n in range(many)]
        claimed = _claimed(measuring, [job(created_at=at) for at in hours])
        measuring.settle([settlement(one, COMPLETED) for one in claimed])
        (figures,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert figures.completed == many
        assert figures.p50_s == pytest.approx(many / 2 * HOUR_S, rel=0.1)
        assert figures.p99_s == pytest.approx(many * 0.99 * HOUR_S, rel=0.02)

    def test_a_job_that_runs_again_counts_when_it_ends_again(
        self, measuring: StateStore, now: Now
    ) -> None:
        def figures() -> tuple[int, int]:
            (found,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
            return found.completed, found.failed

        failed = settled(measuring, running(measuring), ENDINGS[1])
        assert figures() == (0, 1)
        measuring.restart(failed.id, FROM_START)
        assert figures() == (0, 0)
        (again,) = measuring.claim_ready([FROM_START.queue], 1, WORKER)
        settled(measuring, again, COMPLETED)
        assert figures() == (1, 0)

    def test_a_deleted_job_does_not_count(self, measuring: StateStore, now: Now) -> None:
        for ending in ENDINGS:
            settled(measuring, running(measuring), ending)
        measuring.prune(JobFilter())
        (figures,) = measuring.activity(now() - HOUR_S, 2 * HOUR_S, 1)
        assert (figures.completed, figures.failed, figures.p99_s) == (0, 0, None)

    def test_what_ended_before_and_after_the_spans_does_not_count(
        self, measuring: StateStore
    ) -> None:
        at = _end(ended(measuring))
        spans = [*measuring.activity(at - 20.0, 5.0, 3), *measuring.activity(at + 5.0, 5.0, 3)]
        assert [one.completed for one in spans] == [0] * 6


def _claimed(store: StateStore, new: Sequence[JobRecord]) -> list[JobRecord]:
    store.submit(new)
    claimed: list[JobRecord] = []
    while more := store.claim_ready(["default"], 500, WORKER):
        claimed += more
    return claimed


def _end(job: JobRecord) -> float:
    assert job.finished_at is not None
    return job.finished_at
