"""A user can test a workflow in three lines, and an app with time, retries and stand-ins."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Annotated

import pytest

from ergate import (
    AbortJob,
    Context,
    CurrentJob,
    Depends,
    Ergate,
    ErgateSignal,
    GoToStep,
    GoToStepPath,
    InvalidDefinitionError,
    Job,
    JobStatus,
    Retry,
    ValidationError,
    Workflow,
)
from ergate.errors import ErgateError, JobNotFoundError
from ergate.testing import FakeClock, Harness, run_workflow


def doubling() -> Workflow:
    workflow = Workflow(unique_name="doubling")

    @workflow.step
    def double(n: int) -> int:
        return n * 2

    @workflow.step
    async def add_one(n: int) -> int:
        return n + 1

    return workflow


class Flaky:
    """A workflow whose only step fails a number of times, and notes when it ran."""

    def __init__(self, failures: int, clock: FakeClock | None = None) -> None:
        self.workflow = Workflow(unique_name="flaky")
        self.failures = failures
        self.clock = clock
        self.ran_at: list[float] = []
        retry = Retry(attempts=3, initial_s=60, factor=2, jitter=0)

        @self.workflow.step(retry=retry)
        def call() -> str:
            self.ran_at.append(self.clock.monotonic() if self.clock else 0.0)
            if len(self.ran_at) <= self.failures:
                raise ConnectionError(f"attempt {len(self.ran_at)}")
            return "reached"


def test_a_workflow_is_tested_in_three_lines() -> None:
    job = run_workflow(doubling(), 20)
    assert job.last_return_value == 41


def test_the_job_has_gone_all_its_way() -> None:
    job = run_workflow(doubling(), 20)
    assert (job.status, job.percent_completed) == (JobStatus.COMPLETED, 100.0)


def test_sync_steps_run_in_the_thread_of_the_test() -> None:
    workflow, threads = Workflow(unique_name="threads"), []

    @workflow.step
    def note() -> None:
        threads.append(threading.current_thread())

    run_workflow(workflow)
    assert threads == [threading.current_thread()]


def test_an_input_that_does_not_fit_is_refused_as_by_the_app() -> None:
    with pytest.raises(ValidationError, match="does not fit step"):
        run_workflow(doubling(), "twenty")


def test_the_context_reaches_the_steps() -> None:
    workflow = Workflow(unique_name="greeting")

    @workflow.step
    def greet(who: Annotated[str, Context()]) -> str:
        return f"Hello {who}"

    assert run_workflow(workflow, context="Ada").last_return_value == "Hello Ada"


# --- failures -------------------------------------------------------------------------------------


def failing() -> Workflow:
    workflow = Workflow(unique_name="failing")

    @workflow.step
    def fail() -> None:
        raise LookupError("no such order")

    return workflow


def test_a_failure_is_kept_in_the_job() -> None:
    job = run_workflow(failing())
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert (job.error.type, job.error.message) == ("LookupError", "no such order")


def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    run_workflow(failing())
    assert 'raise LookupError("no such order")' in caplog.text


def test_a_failure_can_be_raised() -> None:
    with pytest.raises(LookupError, match="no such order"):
        run_workflow(failing(), raise_errors=True)


def test_a_failure_is_written_before_it_is_raised() -> None:
    with Harness(failing(), raise_errors=True) as harness:
        job = harness.enqueue("failing")
        with pytest.raises(LookupError):
            harness.run_until_idle()
        assert harness.job(job.id).status is JobStatus.FAILED


def test_an_aborted_job_raises_nothing() -> None:
    workflow = Workflow(unique_name="aborting")

    @workflow.step
    def stop() -> None:
        raise AbortJob("not today")

    assert run_workflow(workflow, raise_errors=True).status is JobStatus.ABORTED


def test_the_exception_itself_can_be_asked_for() -> None:
    with Harness(failing()) as harness:
        job = harness.enqueue("failing")
        harness.run_until_idle()
        assert isinstance(harness.exception(job.id), LookupError)
        assert harness.exception("another") is None


def test_ctrl_c_ends_the_test_run_and_not_the_job() -> None:
    workflow = Workflow(unique_name="interrupted")

    @workflow.step
    def wait() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_workflow(workflow)


def test_a_step_that_hands_in_itself_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergate.testing.harness.MAX_STEPS", 50)
    app, workflow = Ergate(), Workflow(unique_name="again")

    @workflow.step
    def again() -> None:
        app.enqueue("again")

    app.register_workflow(workflow)
    with Harness(app) as harness:
        harness.enqueue("again")
        with pytest.raises(ErgateError, match="50 steps ran"):
            harness.run_until_idle()


# --- time -----------------------------------------------------------------------------------------


def test_retries_pass_without_waiting() -> None:
    job = run_workflow(Flaky(failures=2).workflow)
    assert (job.status, job.last_return_value) == (JobStatus.COMPLETED, "reached")


def test_without_waiting_for_retries_the_job_comes_back_scheduled() -> None:
    job = run_workflow(Flaky(failures=1).workflow, wait_for_retries=False)
    assert (job.status, job.attempt) == (JobStatus.SCHEDULED, 1)


def test_a_retry_runs_when_its_time_has_come_and_not_before() -> None:
    clock = FakeClock()
    flaky = Flaky(failures=2, clock=clock)
    with Harness(flaky.workflow, clock=clock) as harness:
        harness.enqueue("flaky")
        assert harness.run_until_idle() == 1
        assert harness.advance(59) == 0
        assert harness.advance(2) == 1
        assert harness.advance(200) == 1
    assert flaky.ran_at == pytest.approx([0, 60, 180], abs=0.01)


def test_all_that_comes_due_in_a_long_time_runs_at_its_own_moment() -> None:
    clock = FakeClock()
    flaky = Flaky(failures=2, clock=clock)
    with Harness(flaky.workflow, clock=clock) as harness:
        harness.enqueue("flaky")
        assert harness.advance(3600) == 3
    assert flaky.ran_at == pytest.approx([0, 60, 180], abs=0.01)


def test_a_job_starts_not_before_its_time() -> None:
    with Harness(doubling()) as harness:
        later = harness.enqueue("doubling", 1, in_s=30)
        at = harness.enqueue("doubling", 2, at=harness.now + timedelta(seconds=90))
        harness.advance(31)
        statuses = [harness.job(job.id).status for job in (later, at)]
        assert statuses == [JobStatus.COMPLETED, JobStatus.SCHEDULED]
        assert harness.next_due is not None
        harness.advance(60)
        assert harness.job(at.id).status is JobStatus.COMPLETED


def test_the_history_tells_each_attempt() -> None:
    with Harness(Flaky(failures=1).workflow) as harness:
        job = harness.enqueue("flaky")
        harness.advance(61)
        events = [row.event for row in harness.history(job.id)]
    assert events == ["submitted", "retried", "due", "applied"]


# --- stand-ins ------------------------------------------------------------------------------------


def secret() -> str:
    raise RuntimeError("the real secret must not be read in a test")


def connect(password: Annotated[str, Depends(secret)]) -> str:
    return f"connected with {password}"


def asking() -> Workflow:
    workflow = Workflow(unique_name="asking")

    @workflow.step(paths=[GoToStepPath("answer")])
    def ask(connection: Annotated[str, Depends(connect)]) -> None:
        raise GoToStep("answer", retval=connection)

    @workflow.step
    def never() -> str:
        raise AssertionError

    @workflow.step
    def answer(text: str) -> str:
        return text.upper()

    return workflow


def test_a_dependency_is_replaced_together_with_what_it_needs() -> None:
    job = run_workflow(asking(), overrides={connect: lambda: "fake"}, raise_errors=True)
    assert job.last_return_value == "FAKE"


def test_a_dependency_of_a_dependency_is_replaced() -> None:
    job = run_workflow(asking(), overrides={secret: lambda: "x"}, raise_errors=True)
    assert job.last_return_value == "CONNECTED WITH X"


def test_a_stand_in_may_be_of_another_kind_and_take_parameters() -> None:
    closed: list[str] = []

    def fake(job: Annotated[Job, CurrentJob()]) -> Iterator[str]:
        yield job.workflow_name
        closed.append(job.workflow_name)

    job = run_workflow(asking(), overrides={connect: fake}, raise_errors=True)
    assert (job.last_return_value, closed) == ("ASKING", ["asking"])


def test_stand_ins_leave_the_workflow_as_it_was() -> None:
    workflow = asking()
    run_workflow(workflow, overrides={connect: lambda: "fake"})
    job = run_workflow(workflow)
    assert job.error is not None
    assert job.error.message == "the real secret must not be read in a test"


def test_a_stand_in_for_what_nobody_depends_on_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match='No step depends on "doubling"'):
        run_workflow(asking(), overrides={doubling: lambda: "fake"})


# --- whole apps -----------------------------------------------------------------------------------


class Tagged(Job):
    tag: str = "none"


def test_an_app_gets_its_lifespan_and_its_signals() -> None:
    told: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan(_app: Ergate[Job]) -> AsyncIterator[None]:
        told.append("open")
        yield
        told.append("closed")

    app = Ergate(lifespan=lifespan)
    app.register_workflow(doubling())
    for moment in ErgateSignal:
        app.signal(moment)(partial(told.append, moment.value))
    with Harness(app) as harness:
        harness.enqueue("doubling", 1)
        harness.run_until_idle()
    run = ["job_run_start", "job_run_end"]
    assert told == ["open", "worker_start", *run, *run, "worker_stop", "closed"]


def test_jobs_have_the_apps_own_type() -> None:
    app = Ergate(job_type=Tagged)
    app.register_workflow(doubling())
    with Harness(app) as harness:
        job = harness.enqueue("doubling", 1, fields={"tag": "blue"})
        harness.run_until_idle()
        assert harness.job(job.id).tag == "blue"


def test_steps_that_hand_in_jobs_hand_them_to_the_harness() -> None:
    app, spawning = Ergate("sqlite"), Workflow(unique_name="spawning")

    @spawning.step
    def spawn() -> list[str]:
        return [job.id for job in app.enqueue_many("doubling", [1, 2])]

    app.register_workflow(spawning)
    app.register_workflow(doubling())
    with Harness(app) as harness:
        parent = harness.enqueue("spawning")
        assert harness.run_until_idle() == 5
        children = harness.job(parent.id).last_return_value
        assert [app.get_job(child).last_return_value for child in children] == [3, 5]


def test_steps_with_queues_of_their_own_run_too() -> None:
    workflow = Workflow(unique_name="hops")

    @workflow.step(queue="mail")
    def send() -> str:
        return "sent"

    assert run_workflow(workflow).last_return_value == "sent"


def test_an_unknown_job_is_an_error() -> None:
    with Harness(doubling()) as harness, pytest.raises(JobNotFoundError):
        harness.job("nowhere")


def test_the_fixture_gives_harnesses_that_end_with_the_test(
    ergate_harness: Callable[..., Harness[Job]],
) -> None:
    harness = ergate_harness(doubling())
    job = harness.enqueue("doubling", 4)
    harness.run_until_idle()
    assert harness.job(job.id).last_return_value == 9
