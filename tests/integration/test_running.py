"""What runs when: order, start times, how many at once, and what is told on the way."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.scene import Scene
from ergate.worker.events import RunEnded, WorkerDead, WorkerStarted

if TYPE_CHECKING:
    from tests.integration.conftest import WriteApp


def _key(job_id: str) -> str:
    return f"{job_id}:0"


def test_higher_priority_runs_first_then_the_longest_waiting(scene: Scene) -> None:
    low = scene.submit("healthy", range(3), priority=-1)
    normal = scene.submit("healthy", range(3))
    high = scene.submit("healthy", range(3), priority=5)
    fleet = scene.fleet(burst=True)
    assert fleet.wait() == 0
    order = [effect.key for effect in scene.effects()]
    assert order == [_key(job_id) for job_id in (*high, *normal, *low)]


def test_no_job_starts_before_its_time_and_none_waits_long_after_it(scene: Scene) -> None:
    start = datetime.now(UTC) + timedelta(seconds=2)
    later = scene.submit("healthy", range(5), at=start)
    now = scene.submit("healthy", range(5))
    assert {scene.job(job_id).status for job_id in later} == {JobStatus.SCHEDULED}
    fleet = scene.fleet(processes=2)
    scene.wait_ended()
    fleet.stop()
    began = {effect.key: effect.at for effect in scene.effects()}
    assert min(began[_key(job_id)] for job_id in later) >= start.timestamp()
    assert max(began[_key(job_id)] for job_id in later) < start.timestamp() + 2
    assert max(began[_key(job_id)] for job_id in now) < start.timestamp()
    scene.check(most_repeats=0)


def test_a_burst_waits_for_retries_and_ends_when_nothing_is_left(
    scene: Scene, write_app: WriteApp
) -> None:
    app = write_app(
        """
        flaky = Workflow("flaky")

        @flaky.step(retry=Retry(attempts=3, initial_s=0.5, jitter=0.0))
        def fail_twice(job: Current) -> int:
            trace(job, "run")
            if job.attempt < 2:
                raise ConnectionError("not yet")
            return job.attempt

        app.register_workflow(flaky)
        """
    )
    (job_id,) = scene.submit("flaky", [None])
    fleet = scene.fleet(app, burst=True, processes=2)
    assert fleet.wait() == 0
    job = scene.job(job_id)
    assert (job.status, job.last_return_value) == (JobStatus.COMPLETED, "2")
    assert [event["exit_code"] for event in fleet.events(RunEnded)] == [0]
    first, second, third = (effect.at for effect in scene.effects())
    assert second - first >= 0.5
    assert third - second >= 1.0
    scene.check(most_repeats=2)


def test_an_empty_burst_ends_by_itself(scene: Scene) -> None:
    assert scene.fleet(burst=True).wait() == 0


def test_concurrency_is_how_many_steps_of_a_process_run_at_once(scene: Scene) -> None:
    ids = scene.submit("gated", ["g"] * 8)
    fleet = scene.fleet(processes=2, concurrency=3)
    eventually("six run", lambda: len(scene.effects()) == 6)
    pids = [effect.pid for effect in scene.effects()]
    assert sorted(pids.count(pid) for pid in set(pids)) == [3, 3]
    assert [scene.job(job_id).status for job_id in ids].count(JobStatus.QUEUED) == 2
    scene.open_gate("g")
    scene.wait_ended()
    fleet.stop()
    scene.check(most_repeats=0)


def test_async_steps_share_one_thread_and_run_at_once(scene: Scene, write_app: WriteApp) -> None:
    app = write_app(
        """
        import threading
        meeting = Workflow("meeting")
        here = []

        @meeting.step
        async def meet(n: int, job: Current) -> str:
            trace(job, "run")
            here.append(n)
            while len(here) < 5:
                await asyncio.sleep(0.01)
            return threading.current_thread().name

        app.register_workflow(meeting)
        """
    )
    scene.submit("meeting", range(5))
    fleet = scene.fleet(app, concurrency=5, burst=True)
    assert fleet.wait() == 0
    assert {scene.job(job_id).last_return_value for job_id in scene.accepted} == {'"event loop"'}


def test_lifespan_and_signals_are_told_once_each_in_their_order(
    scene: Scene, write_app: WriteApp
) -> None:
    app = write_app(
        """
        from contextlib import asynccontextmanager

        class Told:
            idempotency_key = "-"

        @asynccontextmanager
        async def lifespan(app):
            trace(Told, "enter")
            yield
            trace(Told, "exit")

        workflows = list(app.registry)
        app = Ergate(lifespan=lifespan)
        for workflow in workflows:
            app.register_workflow(workflow)

        @app.signal(ErgateSignal.WORKER_START)
        def started():
            trace(Told, "start")

        @app.signal(ErgateSignal.WORKER_STOP)
        async def stopped():
            trace(Told, "stop")

        @app.signal(ErgateSignal.JOB_RUN_START)
        def job_started(job: Job):
            trace(job, "before")

        @app.signal(ErgateSignal.JOB_RUN_END)
        async def job_ended(job: Job):
            trace(job, str(job.status))
        """
    )
    scene.submit("healthy", [1])
    fleet = scene.fleet(app, burst=True)
    assert fleet.wait() == 0
    words = [line.split()[0] for line in (scene.directory / "effects.log").read_text().splitlines()]
    assert words == ["enter", "start", "before", "run", "completed", "stop", "exit"]


def test_two_supervisors_share_the_work_and_nothing_runs_twice(scene: Scene) -> None:
    scene.submit("chain", range(300))
    fleets = [scene.fleet(concurrency=2) for _ in range(2)]
    scene.wait_ended()
    for fleet in fleets:
        assert fleet.stop() == 0
        assert fleet.events(WorkerDead) == fleet.events(WorkerDead)[:1]
    pids = {effect.pid for effect in scene.effects()}
    started = {event["pid"] for fleet in fleets for event in fleet.events(WorkerStarted)}
    assert pids == started
    scene.check(most_repeats=0)


def test_a_cancelled_step_is_the_last_one_of_its_job(scene: Scene, write_app: WriteApp) -> None:
    app = write_app(
        """
        two = Workflow("two")

        @two.step
        def first(job: Current) -> int:
            trace(job, "run")
            pass_gate("g")
            return 1

        @two.step
        def second(job: Current) -> int:
            trace(job, "run")
            return 2

        app.register_workflow(two)
        """
    )
    running, waiting = scene.submit("two", [None, None])
    fleet = scene.fleet(app)
    eventually("the first step runs", lambda: scene.runs_of(running))
    store = scene.broker.store
    assert store.cancel(waiting).status is JobStatus.CANCELLED
    assert store.cancel(running).shown_status is JobStatus.CANCELLING
    scene.open_gate("g")
    jobs = scene.wait_ended()
    assert [job.status for job in jobs] == [JobStatus.CANCELLED, JobStatus.CANCELLED]
    assert [effect.key for effect in scene.effects()] == [_key(running)]
    fleet.stop()
    scene.check(most_repeats=0)


def test_a_job_is_found_soon_after_it_was_handed_in(scene: Scene) -> None:
    """Not a measurement: only that an idle worker does not sleep through it."""
    fleet = scene.fleet()
    fleet.wait_ready()
    handed_in = time.time()
    (job_id,) = scene.submit("healthy", [1])
    scene.wait_ended(job_id)
    (effect,) = scene.effects()
    assert effect.at - handed_in < 1.0
    fleet.stop()
