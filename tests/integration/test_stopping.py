"""How a run ends: when it is told to, when it must be quick, and when its workers are replaced."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.scene import Scene
from ergate.worker.events import Stopping, Trouble, WorkerDead, WorkerStarted

if TYPE_CHECKING:
    from tests.integration.conftest import WriteApp


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_run_ends_within_a_second_of_a_signal(scene: Scene, number: signal.Signals) -> None:
    fleet = scene.fleet(processes=2)
    fleet.wait_ready(2)
    asked = time.monotonic()
    fleet.process.send_signal(number)
    assert fleet.wait() == 0
    assert time.monotonic() - asked < 1.0
    assert list(scene.broker.store.workers()) == []


def test_a_running_step_ends_before_its_worker_leaves(scene: Scene) -> None:
    (running,) = scene.submit("gated", ["g"])
    fleet = scene.fleet()
    eventually("the step runs", lambda: scene.runs_of(running))
    fleet.process.send_signal(signal.SIGTERM)
    eventually("a stop was asked for", lambda: fleet.events(Stopping))
    (later,) = scene.submit("healthy", [1])
    scene.open_gate("g")
    assert fleet.wait() == 0
    assert scene.job(running).status is JobStatus.COMPLETED
    assert (scene.job(later).status, scene.job(later).deliveries) == (JobStatus.QUEUED, 0)
    scene.check(most_repeats=0)


def test_prefetched_jobs_are_given_back_while_the_step_before_them_runs(
    scene: Scene, write_app: WriteApp
) -> None:
    """The jobs are handed in together, so that one claim takes them all."""
    app = write_app(
        """
        either = Workflow("either")

        @either.step
        def quick_or_gated(gate: str, job: Current) -> None:
            trace(job, "run")
            if gate:
                pass_gate(gate)

        app.register_workflow(either)
        """
    )
    scene.submit("either", [""] * 50)
    fleet = scene.fleet(app)
    scene.wait_ended()
    running, *waiting = scene.submit("either", ["g", *[""] * 5])
    eventually("the step runs", lambda: scene.runs_of(running))
    store = scene.broker.store
    assert {scene.job(job_id).status for job_id in waiting} == {JobStatus.RUNNING}, "no prefetch"
    fleet.process.send_signal(signal.SIGTERM)

    def are_back() -> bool:
        jobs = [scene.job(job_id) for job_id in waiting]
        return {(job.status, job.deliveries) for job in jobs} == {(JobStatus.QUEUED, 0)}

    eventually("what had not started is back", are_back)
    assert scene.job(running).status is JobStatus.RUNNING
    scene.open_gate("g")
    assert fleet.wait() == 0
    assert {row.event for job_id in waiting for row in store.history(job_id)} == {
        "submitted",
        "released",
    }
    scene.check(most_repeats=0)


@pytest.mark.parametrize("wait", ["time.sleep(0.01)", "time.sleep(60)"])
def test_a_second_signal_leaves_at_once_and_the_job_runs_again(
    scene: Scene, write_app: WriteApp, wait: str
) -> None:
    """Whether the step listens to Python or is deep in a call that never does."""
    app = write_app(
        f"""
        stubborn = Workflow("stubborn")

        @stubborn.step
        def hold_on(job: Current) -> None:
            trace(job, "run")
            while not Path(os.environ["CRASH_DIR"], "gate-g").exists():
                {wait}

        app.register_workflow(stubborn)
        """
    )
    (job_id,) = scene.submit("stubborn", [None])
    fleet = scene.fleet(app)
    eventually("the step runs", lambda: scene.runs_of(job_id))
    fleet.process.send_signal(signal.SIGTERM)
    eventually("a stop was asked for", lambda: fleet.events(Stopping))
    asked = time.monotonic()
    fleet.process.send_signal(signal.SIGTERM)
    assert fleet.wait() == 0
    assert time.monotonic() - asked < 8.0
    assert (scene.job(job_id).status, scene.job(job_id).deliveries) == (JobStatus.QUEUED, 0)
    scene.open_gate("g")
    fleet.start()
    (job,) = scene.wait_ended(job_id)
    assert job.status is JobStatus.COMPLETED
    scene.check(most_repeats=1)


def test_a_worker_that_has_run_its_share_is_replaced_without_losing_or_blaming(
    scene: Scene,
) -> None:
    ids = scene.submit("healthy", range(200))
    fleet = scene.fleet(max_jobs=40)
    jobs = scene.wait_ended(*ids)
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    fleet.stop()
    assert len(fleet.events(WorkerStarted)) > 1
    assert {event["expected"] for event in fleet.events(WorkerDead)} == {True}
    _assert_nobody_was_blamed(scene)
    scene.check(most_repeats=0)


def test_a_worker_that_has_grown_too_large_is_replaced_without_losing_or_blaming(
    scene: Scene, write_app: WriteApp
) -> None:
    app = write_app(
        """
        leaky = Workflow("leaky")
        leaked = []

        @leaky.step
        def leak(n: int, job: Current) -> int:
            trace(job, "run")
            leaked.append(b"x" * 2**24)
            time.sleep(0.05)
            return n

        app.register_workflow(leaky)
        """
    )
    ids = scene.submit("leaky", range(40))
    fleet = scene.fleet(app, max_rss_mb=250)
    jobs = scene.wait_ended(*ids)
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    fleet.stop()
    reasons = {event["reason"] for event in fleet.events(WorkerDead)}
    assert "replaced: it uses more than 250 MiB (max_rss)" in reasons
    _assert_nobody_was_blamed(scene)
    scene.check(most_repeats=0)


def test_a_run_whose_workers_cannot_start_gives_up_with_exit_code_1(
    scene: Scene, write_app: WriteApp
) -> None:
    app = write_app(
        """
        if "worker" in sys.argv[0]:
            raise ImportError("no module named torch, say")
        """
    )
    fleet = scene.fleet(app)
    assert fleet.wait() == 1
    starts = [event["at"] for event in fleet.events(WorkerStarted)]
    pauses = [event["restart_s"] for event in fleet.events(WorkerDead)]
    assert len(starts) == 5
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[0] < pauses[3]
    (trouble,) = fleet.events(Trouble)
    assert trouble["what"] == "No worker could start in 5 attempts; giving up."
    assert "no module named torch" in fleet.output()


def _assert_nobody_was_blamed(scene: Scene) -> None:
    store = scene.broker.store
    blamed = [
        job_id
        for job_id in scene.accepted
        for row in store.history(job_id)
        if row.event == "recovered"
    ]
    assert blamed == []
