"""Steps that run too long: each is stopped in the gentlest way that works, and settled."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from ergate.jobs.errors import JobError
from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.scene import Scene
from ergate.worker.events import WorkerDead

if TYPE_CHECKING:
    from tests.integration.conftest import WriteApp

APP = """
def slow(name):
    def register(function):
        workflow = Workflow(name)
        workflow.step(timeout_s=0.3, retry=Retry(attempts=2, initial_s=0.05))(function)
        app.register_workflow(workflow)
    return register

@slow("async")
async def sleep(job: Current) -> None:
    trace(job, "run")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        trace(job, "cancelled")
        raise

@slow("python")
def count(job: Current) -> None:
    trace(job, "run")
    try:
        while True:
            time.sleep(0.001)
    finally:
        trace(job, "cleaned")

@slow("blocked")
def sleep_in_c(job: Current) -> None:
    trace(job, "run")
    time.sleep(60)

@slow("blocked-loop")
async def block_the_loop(job: Current) -> None:
    trace(job, "run")
    time.sleep(60)

@slow("once")
def slow_at_first(job: Current) -> str:
    trace(job, "run")
    if job.attempt == 0:
        time.sleep(60)
    return "second try"
"""


def _error(text: str | None) -> JobError:
    assert text is not None
    return JobError.from_json(text)


@pytest.mark.parametrize(("workflow", "word"), [("async", "cancelled"), ("python", "cleaned")])
def test_a_step_that_listens_is_stopped_and_settled_by_its_policy(
    scene: Scene, write_app: WriteApp, workflow: str, word: str
) -> None:
    (job_id,) = scene.submit(workflow, [None])
    fleet = scene.fleet(write_app(APP))
    (worker,) = fleet.wait_ready()
    (job,) = scene.wait_ended(job_id)
    assert (job.status, _error(job.error).type) == (JobStatus.FAILED, "StepTimeout")
    assert scene.runs_of(job_id) == scene.runs_of(job_id, word) == [worker, worker]
    assert list(fleet.workers()) == [worker], "the worker needed no replacement"
    assert [row.event for row in scene.broker.store.history(job_id)] == [
        "submitted",
        "retried",
        "due",
        "failed",
    ]
    fleet.stop()
    scene.check(most_repeats=1)


@pytest.mark.parametrize("workflow", ["blocked", "blocked-loop"])
def test_a_step_that_never_yields_costs_its_worker_and_is_settled_by_its_policy(
    scene: Scene, write_app: WriteApp, workflow: str
) -> None:
    (job_id,) = scene.submit(workflow, [None])
    fleet = scene.fleet(write_app(APP))
    (job,) = scene.wait_ended(job_id)
    assert (job.status, _error(job.error).type) == (JobStatus.FAILED, "StepTimeout")
    first, second = scene.runs_of(job_id)
    assert first != second
    assert {event["expected"] for event in fleet.events(WorkerDead)} == {True}
    fleet.stop()
    scene.check(most_repeats=1)


def test_a_step_that_blocked_can_succeed_at_its_next_try(scene: Scene, write_app: WriteApp) -> None:
    (job_id,) = scene.submit("once", [None])
    fleet = scene.fleet(write_app(APP))
    (job,) = scene.wait_ended(job_id)
    assert (job.status, json.loads(job.last_return_value)) == (JobStatus.COMPLETED, "second try")
    fleet.stop()
    scene.check(most_repeats=1)


def test_neighbours_of_a_step_that_never_yields_are_given_back_uncounted(
    scene: Scene, write_app: WriteApp
) -> None:
    (neighbour,) = scene.submit("gated", ["g"])
    fleet = scene.fleet(write_app(APP), concurrency=2)
    eventually("the neighbour runs", lambda: scene.runs_of(neighbour))
    (blocked,) = scene.submit("blocked", [None])
    eventually("the neighbour runs again", lambda: scene.runs_of(neighbour)[1:])
    job = scene.job(neighbour)
    assert (job.deliveries, job.alone) == (1, False), "only its present claim counts"
    scene.open_gate("g")
    ended = scene.wait_ended(neighbour, blocked)
    assert [job.status for job in ended] == [JobStatus.COMPLETED, JobStatus.FAILED]
    fleet.stop()
    scene.check(most_repeats=4)


def test_a_worker_that_hangs_is_replaced_and_what_it_ran_is_blamed(scene: Scene) -> None:
    """Stopped from outside here; a deadlock that holds the interpreter looks the same."""
    (job_id,) = scene.submit("gated", ["g"])
    fleet = scene.fleet(hang_s=1, lease_s=60, heartbeat_s=12)
    (hung,) = eventually("the step runs", lambda: scene.runs_of(job_id))
    fleet.hurt(hung, signal.SIGSTOP)
    eventually("the step runs elsewhere", lambda: scene.runs_of(job_id)[1:])
    assert scene.job(job_id).deliveries == 2
    scene.open_gate("g")
    (job,) = scene.wait_ended(job_id)
    assert job.status is JobStatus.COMPLETED
    fleet.stop()
    scene.check(most_repeats=1)
