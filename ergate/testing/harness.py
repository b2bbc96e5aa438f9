"""Runs workflows in the process and thread of a test, on a clock that the test owns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

from ergate.app import Ergate
from ergate.brokers.direct import DirectBroker
from ergate.brokers.opening import open_broker
from ergate.client import Client
from ergate.errors import ErgateError, UnknownWorkflowError
from ergate.jobs.events import Failed, Outcome, RecoveryPolicy, Retried, Settlement, Unroutable
from ergate.jobs.job import Job
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.settings import Settings
from ergate.testing.clock import FakeClock
from ergate.testing.recording import Override, RecordingRunner
from ergate.worker.event_loop import EventLoop
from ergate.worker.lifespan import entered
from ergate.worker.signals import ErgateSignal
from ergate.workflows.workflow import Workflow

log = logging.getLogger("ergate")

JobT = TypeVar("JobT", bound=Job)
WORKER = "harness"
MAX_STEPS = 10_000
"""So many steps in one go are taken for a loop without an end."""


class Harness(Generic[JobT]):
    """A worker for tests: real steps and real transitions, in memory, one step after the other.

        with Harness(app) as harness:
            job = harness.enqueue("order", {"n": 1})
            harness.run_until_idle()
            assert harness.job(job.id).status is JobStatus.COMPLETED

    Takes an app, whose lifespan and signals are honoured, or a workflow alone. Inside the block
    the app's own `enqueue` hands jobs to the harness too, whatever its queue and state store are.

    Sync steps run in the calling thread, async ones on an event loop beside it. The clock stands
    still until `advance` moves it, so retries and scheduled jobs cost no time. A sync step's
    `timeout_s` is not enforced, and an async step's runs on the real clock.

    `overrides` maps dependencies to what is to stand in for them. With `raise_errors` whatever
    makes a step fail is raised by the call that ran it, after the failure was written.
    """

    @overload
    def __init__(
        self: Harness[Job],
        app: Workflow,
        *,
        clock: FakeClock | None = None,
        overrides: Mapping[Override, Override] | None = None,
        raise_errors: bool = False,
    ) -> None: ...

    @overload
    def __init__(
        self,
        app: Ergate[JobT],
        *,
        clock: FakeClock | None = None,
        overrides: Mapping[Override, Override] | None = None,
        raise_errors: bool = False,
    ) -> None: ...

    def __init__(
        self,
        app: Ergate[Any] | Workflow,
        *,
        clock: FakeClock | None = None,
        overrides: Mapping[Override, Override] | None = None,
        raise_errors: bool = False,
    ) -> None:
        self.clock = clock or FakeClock()
        self._app: Ergate[JobT] = _app_of(app) if isinstance(app, Workflow) else app
        self._raise_errors = raise_errors
        self._program = self._app.program(Settings())
        broker = open_broker("memory", None, clock=self.clock, limits=self._program.limits)
        assert not isinstance(broker, DirectBroker)
        self._broker, self._store = broker, broker.store
        self._loop = EventLoop()
        self._runner = RecordingRunner(self._program, self._loop, overrides or {})
        self._client = Client(
            broker,
            self._app.job_type,
            self._program.limits,
            self._app.registry,
            clock=self.clock,
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._loop.close)
            stack.callback(self._client.close)
            stack.enter_context(self._app.handing_to(self._client))
            stack.enter_context(entered(self._program.lifespan, self._loop))
            self._tell(ErgateSignal.WORKER_START)
            stack.callback(self._tell, ErgateSignal.WORKER_STOP)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, exc, traceback)

    # --- handing in and asking ------------------------------------------------------------------

    def enqueue(
        self,
        workflow: str | Workflow,
        input: object = None,  # noqa: A002 - the word that people know
        *,
        id: str | None = None,  # noqa: A002
        context: object = None,
        queue: str | None = None,
        priority: int = 0,
        at: datetime | None = None,
        in_s: float | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> JobT:
        """Accept a job without running it; everything means what it means to `Ergate.enqueue`."""
        return self._app.enqueue(
            workflow,
            input,
            id=id,
            context=context,
            queue=queue,
            priority=priority,
            at=at,
            in_s=in_s,
            fields=fields,
        )

    def job(self, job_id: str) -> JobT:
        """Return a job as it is now. Raises `JobNotFoundError`."""
        return self._client.get_job(job_id)

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        """Return the job's transitions, in their order."""
        return self._store.history(job_id)

    def exception(self, job_id: str) -> BaseException | None:
        """Return what the last failing run of the job's steps raised, the object itself."""
        return self._runner.exceptions.get(job_id)

    @property
    def now(self) -> datetime:
        """The time on the harness's clock, in UTC."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    @property
    def next_due(self) -> datetime | None:
        """When the first of the scheduled jobs and waiting retries comes due; None without any."""
        due = [one.next_due_at for one in self._store.queues() if one.next_due_at is not None]
        return datetime.fromtimestamp(min(due), UTC) if due else None

    # --- running --------------------------------------------------------------------------------

    def run_until_idle(self) -> int:
        """Run steps, of every queue, until none is ready; return how many ran.

        Jobs that wait for their time or for a retry stay where they are: see `advance`.
        Raises `ErgateError` after 10,000 steps, and with `raise_errors` what a step raised.
        """
        for count in range(MAX_STEPS):
            if not self.run_one():
                return count
        raise ErgateError(
            f"{MAX_STEPS:,} steps ran and more are ready. "
            "Does a step hand in its own workflow again?"
        )

    def run_one(self) -> bool:
        """Run the step that is next, if one is ready; return whether one was."""
        queues = [one.queue for one in self._store.queues()]
        self._broker.sweep(RecoveryPolicy(), queues)
        claimed = self._broker.claim(queues, 1, 0, WORKER)
        for claim in claimed:
            self._run(claim)
        return bool(claimed)

    def advance(self, seconds: float) -> int:
        """Let time pass, and run all that comes due meanwhile, each at its own time.

        What is ready already runs first. Returns how many steps ran; raises what
        `run_until_idle` raises.
        """
        end = self.now + timedelta(seconds=seconds)
        count = self.run_until_idle()
        while (due := self.next_due) is not None and due <= end:
            self._move_to(due)
            count += self.run_until_idle()
        self._move_to(end)
        return count

    def advance_to_next_due(self) -> bool:
        """Move the clock to the next retry or scheduled job and run it; False without any."""
        due = self.next_due
        if due is None:
            return False
        self._move_to(due)
        self.run_until_idle()
        return True

    def _move_to(self, moment: datetime) -> None:
        # A datetime holds microseconds: what is due within the same one must be due then.
        self.clock.advance(max(0.0, moment.timestamp() + 1e-6 - self.clock.now()))

    def _run(self, claim: JobRecord) -> None:
        run = self._runner.find(claim)
        if isinstance(run, Unroutable):
            raise UnknownWorkflowError(f"Job {claim.id} cannot run: {run.reason}")
        outcome = self._runner.run(run)
        self._broker.settle([Settlement(claim.id, WORKER, claim.revision, outcome)])
        if isinstance(outcome, Failed | Retried):
            self._note(claim, outcome)

    def _note(self, claim: JobRecord, outcome: Outcome) -> None:
        exc = self._runner.exceptions[claim.id]
        ends = isinstance(outcome, Failed)
        if self._raise_errors and ends:
            raise exc
        what = "failed" if ends else "failed and is tried again"
        log.warning(
            "Step %s of job %s %s.", claim.step_name, claim.id, what,
            exc_info=(type(exc), exc, exc.__traceback__),
        )  # fmt: skip

    def _tell(self, signal: ErgateSignal) -> None:
        self._program.signals.send(signal, None, self._loop.run)


def run_workflow(
    workflow: Workflow,
    input: object = None,  # noqa: A002 - the word that people know
    *,
    context: object = None,
    overrides: Mapping[Override, Override] | None = None,
    wait_for_retries: bool = True,
    raise_errors: bool = False,
) -> Job:
    """Run one job of `workflow` to its end, and return it.

    The pauses before retries pass on a fake clock; without `wait_for_retries` the job is returned
    as SCHEDULED when a step is to be tried again. `overrides` and `raise_errors` are those of
    `Harness`. Raises what `Ergate.enqueue` raises for an input that does not fit.
    """
    with Harness(workflow, overrides=overrides, raise_errors=raise_errors) as harness:
        job = harness.enqueue(workflow, input, context=context)
        harness.run_until_idle()
        while wait_for_retries and not harness.job(job.id).status.is_final:
            if not harness.advance_to_next_due():
                break
        return harness.job(job.id)


def _app_of(workflow: Workflow) -> Ergate[Any]:
    app = Ergate()
    app.register_workflow(workflow)
    return app
