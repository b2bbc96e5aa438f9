"""The checker has teeth: each broken promise, planted into a good run, is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ergate.contracts.moving import Traveller
from ergate.jobs.events import Advanced, Completed, RecoveryPolicy, Settlement
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing import FakeClock
from ergate.testing.checker import Aftermath, aftermath_of, violations
from ergate_backends.memory.store import MemoryStore

EFFECTS = ["a:0", "a:1"]


@pytest.fixture
def good() -> Aftermath:
    """A job of two steps, once recovered from a dead worker."""
    store = MemoryStore(FakeClock())
    store.submit([JobRecord(id="a", workflow_name="w", created_at=1.0, updated_at=1.0)])
    store.claim_ready(["default"], 1, "dead")
    store.recover("dead", {"a": 2}, blame=True, reason="killed", policy=RecoveryPolicy())
    for outcome in (Advanced("1", 1, "second", "default", 50.0), Completed("2")):
        (claim,) = store.claim_ready(["default"], 1, "w")
        store.settle([Settlement("a", "w", claim.revision, outcome)])
    return aftermath_of(store)


def found(aftermath: Aftermath, **expected: Any) -> list[str]:
    return violations(aftermath, **expected)


def with_rows(good: Aftermath, *rows: HistoryRow) -> Aftermath:
    return replace(good, history={"a": rows})


def with_job(good: Aftermath, **changes: Any) -> Aftermath:
    return replace(good, jobs={"a": replace(good.jobs["a"], **changes)})


def test_a_good_run_has_no_violations(good: Aftermath) -> None:
    assert found(good, accepted=["a"], effects=[*EFFECTS, "a:0"], most_repeats=1) == []


def test_a_job_that_moved_to_another_store_has_one_story() -> None:
    here, there = MemoryStore(FakeClock()), MemoryStore(FakeClock())
    here.submit([JobRecord(id="a", workflow_name="w", created_at=1.0, updated_at=1.0)])
    (gone,) = here.depart(1, "there")
    assert found(aftermath_of(here), accepted=["a"]) == []
    there.admit([gone])
    assert found(aftermath_of(there), accepted=["a"]) == []
    overtaken = Traveller(gone.job, gone.history[:-1])
    third = MemoryStore(FakeClock())
    third.admit([overtaken])
    assert found(aftermath_of(third)) == [
        "job a: revision 3 (arrived) follows 1",
        "job a: arrived led from queued to queued",
    ]


def test_a_lost_job_is_named(good: Aftermath) -> None:
    assert found(good, accepted=["a", "b"]) == ["job b was accepted and is lost"]


def test_a_job_from_nowhere_is_named(good: Aftermath) -> None:
    assert found(good, accepted=[]) == ["job a was handed in by nobody"]


def test_a_gap_in_the_revisions_is_named(good: Aftermath) -> None:
    submitted, recovered, first, second = good.history["a"]
    assert "job a: revision 7 (applied) follows 3" in found(
        with_rows(good, submitted, recovered, second)
    )
    assert "job a: revision 5 (applied) follows 1" in found(
        with_rows(good, submitted, first, second)
    )


def test_a_step_that_was_applied_twice_is_named(good: Aftermath) -> None:
    *start, second = good.history["a"]
    twice = replace(second, seq=0)
    problems = found(with_rows(good, *start, twice))
    assert "job a: revision 7 is about seq 0, and 1 was next" in problems
    assert "job a: its seq is 2, and 1 was next" in problems


def test_a_step_that_was_left_out_is_named(good: Aftermath) -> None:
    *start, second = good.history["a"]
    problems = found(with_rows(good, *start, replace(second, seq=2)))
    assert "job a: revision 7 is about seq 2, and 1 was next" in problems


def test_a_restart_may_take_a_fresh_key_and_no_other(good: Aftermath) -> None:
    rows = good.history["a"]
    for seq, problems in ((2, []), (3, []), (4, ["it was restarted at seq 4, and 2 was next"])):
        restarted = replace(
            rows[-1],
            revision=8,
            event="restarted",
            seq=seq,
            status=JobStatus.QUEUED,
            worker_id=None,
            claimed_at=None,
        )
        changed = with_rows(good, *rows, restarted)
        job = replace(good.jobs["a"], revision=8, seq=seq, status=JobStatus.QUEUED)
        found_ = found(replace(changed, jobs={"a": job}, ready=1))
        assert found_ == [f"job a: {problem}" for problem in problems]


def test_an_impossible_transition_is_named(good: Aftermath) -> None:
    *start, second = good.history["a"]
    bad = replace(second, event="due", worker_id=None, revision=second.revision - 1)
    assert "job a: due led from queued to completed" in found(with_rows(good, *start, bad))


def test_a_job_that_left_its_end_is_named(good: Aftermath) -> None:
    rows = good.history["a"]
    again = replace(rows[-1], revision=rows[-1].revision + 2, seq=2, status=JobStatus.QUEUED)
    assert "job a: applied led from completed to queued" in found(with_rows(good, *rows, again))


def test_the_result_of_a_superseded_run_is_named(good: Aftermath) -> None:
    assert found(with_job(good, last_return_value="9")) == [
        "job a: it holds 9, and the last step gave 2"
    ]


def test_a_job_and_a_history_that_disagree_are_named(good: Aftermath) -> None:
    problems = found(with_job(good, status=JobStatus.RUNNING))
    assert "job a: it is running and held by None" in problems
    assert "job a: it is at revision 7, but its history ends at 7" in problems


def test_a_queued_job_that_nobody_can_claim_is_named(good: Aftermath) -> None:
    problems = found(with_job(good, status=JobStatus.QUEUED))
    assert "1 jobs are QUEUED, but the ready list offers 0" in problems


def test_a_job_without_a_beginning_is_named(good: Aftermath) -> None:
    assert found(with_rows(good)) == ["job a: its history does not begin with its submission"]


def test_an_outcome_without_a_run_is_named(good: Aftermath) -> None:
    assert found(good, effects=["a:0"]) == ["step a:1 was applied and never ran"]


def test_more_repeats_than_faults_are_named(good: Aftermath) -> None:
    assert found(good, effects=[*EFFECTS, "a:0"], most_repeats=0) == [
        "1 runs of steps were repeats; at most 0 can be explained"
    ]
