"""A step that sends its job on after a pause: nobody waits, and the pause outlives everything."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ergate import GoToStep, JobStatus, Workflow
from ergate.errors import UsageError
from ergate.testing import FakeClock, Harness

HOUR_S = 3600.0


def flow(steer: GoToStep) -> Workflow:
    workflow = Workflow(unique_name="pausing")

    @workflow.step
    def first() -> int:
        raise steer

    @workflow.step
    def second(value: int) -> int:
        return value + 1

    return workflow


def test_the_next_step_waits_as_a_scheduled_job_and_gets_its_input() -> None:
    with Harness(flow(GoToStep("second", 41, in_s=HOUR_S))) as harness:
        job = harness.enqueue("pausing")
        assert harness.run_until_idle() == 1
        waiting = harness.job(str(job.id))
        assert (waiting.status, waiting.step_name) == (JobStatus.SCHEDULED, "second")
        assert (waiting.steps_completed, waiting.attempt) == (1, 0)
        assert harness.advance(HOUR_S - 1) == 0
        assert harness.advance(1.1) == 1
        assert harness.job(str(job.id)).last_return_value == 42
        events = [(row.event, row.status, row.next_step) for row in harness.history(str(job.id))]
    assert events == [
        ("submitted", JobStatus.QUEUED, None),
        ("applied", JobStatus.SCHEDULED, "second"),
        ("due", JobStatus.QUEUED, None),
        ("applied", JobStatus.COMPLETED, None),
    ]


def test_a_time_is_as_good_as_a_number_of_seconds_and_means_utc() -> None:
    clock = FakeClock()
    at = datetime.fromtimestamp(clock.now() + HOUR_S, UTC).replace(tzinfo=None)
    with Harness(flow(GoToStep("second", 1, at=at)), clock=clock) as harness:
        job = harness.enqueue("pausing")
        harness.run_until_idle()
        assert harness.job(str(job.id)).due_at == at.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "steer",
    [
        GoToStep("second", 1, in_s=0),
        GoToStep("second", 1, in_s=-5),
        GoToStep("second", 1, at=datetime(2020, 1, 1, tzinfo=UTC)),
    ],
    ids=["no seconds", "fewer than none", "in the past"],
)
def test_what_is_over_already_is_no_pause(steer: GoToStep) -> None:
    with Harness(flow(steer)) as harness:
        job = harness.enqueue("pausing")
        assert harness.run_until_idle() == 2
        assert harness.job(str(job.id)).status is JobStatus.COMPLETED


def test_two_kinds_of_pause_or_an_endless_one_are_refused() -> None:
    with pytest.raises(UsageError, match="not both"):
        GoToStep("second", in_s=1, at=datetime.now(UTC))
    with pytest.raises(UsageError, match="finite"):
        GoToStep("second", in_s=float("inf"))
