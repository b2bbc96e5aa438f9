"""The loop of direct mode: one step after the other, on the main thread.

The order of calls is a promise: `get_one`, `update`, the step, `update`, and `put` while the job
has not ended. All on one thread, because objects of a user's own seldom know more than one. A
queue that was named hears at the very end that its message is `done`.
"""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import FrameType
from typing import Any, TypeVar

from ergate.brokers.direct import DirectBroker
from ergate.brokers.journal_store import JournalStore
from ergate.brokers.whole import PIECE_S, WholeJobs
from ergate.errors import BackendUnavailable, PayloadError, StepTimeout, UsageError
from ergate.jobs.errors import JobError
from ergate.jobs.events import Failed, Outcome, Unroutable
from ergate.jobs.job import Job, record_from_job
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.worker.event_loop import EventLoop
from ergate.worker.events import StepEnded, StepsEnded, WorkerLeft, WorkerReady
from ergate.worker.lifespan import entered
from ergate.worker.marks import Mark, Marks
from ergate.worker.patience import Patience, Ticker
from ergate.worker.program import Program
from ergate.worker.runner import Interrupted, Runner, StepRun, after
from ergate.worker.settler import OUTCOME_WORDS, Report, error_line
from ergate.worker.signals import ErgateSignal
from ergate.worker.stopping import Stopping, handled

log = logging.getLogger("ergate")
T = TypeVar("T")

NOT_DUE_S = 0.5
"""How long a job that is not due yet is held before it goes back to the queue."""


class _StopWaiting(BaseException):
    """Ends a `get_one` that blocks; raised by the signal handler."""


class DirectWorker:
    """Gets, runs and puts back jobs until told to stop."""

    def __init__(
        self,
        worker_id: str,
        program: Program,
        broker: DirectBroker,
        *,
        report: Report,
        stopping: Stopping,
        marks: Marks | None = None,
    ) -> None:
        self.worker_id = worker_id
        self._program = program
        self._broker = broker
        self._report = report
        self._stopping = stopping
        self._marks = marks
        self._loop = EventLoop()
        self._runner = Runner(program, self._loop)
        self._is_waiting = False
        self._whole = broker.queue if isinstance(broker.queue, WholeJobs) else None
        self._patience = Patience(worker_id, report, stopping)

    def run(self, pid: int) -> None:
        """Work until SIGINT or SIGTERM: at once while waiting, else after the running step."""
        with ExitStack() as stack:
            stack.callback(self._loop.close)
            stack.enter_context(entered(self._program.lifespan, self._loop))
            stack.enter_context(
                handled({signal.SIGINT: self._on_signal, signal.SIGTERM: self._on_signal})
            )
            self._tell(ErgateSignal.WORKER_START)
            stack.callback(self._tell, ErgateSignal.WORKER_STOP)
            self._report(WorkerReady(worker_id=self.worker_id, pid=pid))
            ticker = Ticker(self.worker_id, self._report)
            ticker.start()
            stack.callback(ticker.stop)
            try:
                while not self._stopping.is_asked:
                    self.turn()
            except BackendUnavailable as exc:
                if not self._stopping.is_asked:
                    raise
                log.warning("Its message was not acknowledged, so its job comes again: %s", exc)
            except Interrupted:
                log.warning(
                    "A second signal interrupted the running step. Its outcome is not told and "
                    "its job is not put back: a queue that waits for an answer delivers it again."
                )
        self._report(WorkerLeft(worker_id=self.worker_id, reason=self._stopping.reason or ""))

    def turn(self) -> None:
        """Get one job, run its step, and hand it back."""
        job = self._get_one()
        if job is None:
            return
        if not isinstance(job, Job):
            raise UsageError(
                f"{self._name(self._broker.queue)}.get_one returned {job!r}, not a Job. "
                "Make one from your data: Job(**data)."
            )
        if job.status.is_final:
            log.warning("Job %s came from the queue as %s; it is dropped.", job.id, job.status)
        elif self._is_early(job):
            self._put(job)
        else:
            self._run(job)
        if self._whole is not None:
            self._whole.done(job)

    # --- the two halves -------------------------------------------------------------------------

    def _get_one(self) -> Job | None:
        """Return the next job; None when a signal ended the wait, or none came in a while."""
        if self._whole is None:
            return self._wait_in_get_one()
        whole = self._whole
        return self._patience.until_answered(
            lambda: None if self._stopping.is_asked else whole.take(PIECE_S)
        )

    def _wait_in_get_one(self) -> Job | None:
        """Block in the user's `get_one`; None when a signal ended the wait."""
        try:
            # A signal between the queue's answer and the end of this block would lose the job:
            # such a queue cannot acknowledge. The handler raises only while the flag is up.
            self._is_waiting = True
            job: Job = self._guarded("get_one", self._broker.queue, self._broker.queue.get_one)
            self._is_waiting = False
        except _StopWaiting:
            return None
        finally:
            self._is_waiting = False
        return job

    def _put(self, job: Job) -> None:
        queue = self._broker.queue
        self._guarded("put", queue, lambda: queue.put(job))

    def _update(self, job: Job) -> None:
        store = self._broker.state_store
        self._guarded("update", store, lambda: store.update(job))

    def _guarded(self, method: str, owner: object, call: Callable[[], T]) -> T:
        if isinstance(owner, WholeJobs | JournalStore):
            return self._patience.until_answered(call)
        try:
            return call()
        except Exception as exc:
            exc.add_note(
                f"Ergate: {self._name(owner)}.{method} raised this. What your own queue and state "
                "store raise is theirs to handle; the worker ends."
            )
            raise

    @staticmethod
    def _name(owner: object) -> str:
        return type(owner).__name__

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._stopping.ask(signal.Signals(number).name)
        if self._is_waiting:
            self._is_waiting = False
            raise _StopWaiting
        if self._stopping.is_urgent:
            raise Interrupted

    # --- one step -------------------------------------------------------------------------------

    def _is_early(self, job: Job) -> bool:
        due = job.due_at or job.requested_start_time
        if due is None:
            return False
        early_s = (due if due.tzinfo else due.replace(tzinfo=UTC)).timestamp() - time.time()
        if early_s <= 0:
            return False
        time.sleep(min(early_s, NOT_DUE_S))
        return early_s > NOT_DUE_S

    def _run(self, job: Job) -> None:
        started = time.monotonic()
        claim = self._claim(job)
        job.status, job.updated_at, job.due_at = JobStatus.RUNNING, datetime.now(UTC), None
        job.worker_id = self.worker_id
        run: StepRun | Unroutable | None = None
        try:
            self._update(job)
            run = self._runner.find(claim)
            outcome = run if isinstance(run, Unroutable) else self._outcome(run, claim)
            _write(job, after(claim, outcome))
            self._hand_back(job)
        except PayloadError as exc:
            if self._whole is None:
                raise
            outcome = self._fail_too_large(job, claim, exc, has_begun=run is not None)
        self._report_step(claim, outcome, run, time.monotonic() - started)

    def _fail_too_large(
        self, job: Job, claim: JobRecord, exc: PayloadError, *, has_begun: bool
    ) -> Outcome:
        """Fail a job that is larger than its queue or its journal takes."""
        error = JobError(type="PayloadError", message=str(exc), step_name=job.step_name)
        outcome = Failed(error.to_json())
        _write(job, after(claim, outcome))
        if not has_begun:  # the journal refused it as it came; afterwards it has taken that before
            job.last_return_value = job.initial_input_value = job.user_context = None
        self._update(job)
        return outcome

    def _hand_back(self, job: Job) -> None:
        self._update(job)
        if not job.status.is_final:
            self._put(job)

    def _claim(self, job: Job) -> JobRecord:
        record = record_from_job(job, time.time(), self._program.limits)
        return replace(
            record,
            id=str(job.id),
            home_queue=job.queue if self._whole is None else self._whole.home_of(job),
            status=JobStatus.RUNNING,
            worker_id=self.worker_id,
            revision=job.revision,
            attempt=job.attempt,
            deliveries=1,
            due_at=None,
            claimed_at=time.time(),
        )

    def _outcome(self, run: StepRun, claim: JobRecord) -> Outcome:
        with (
            self._marked(run, claim),
            _alarm(None if run.step.plan.is_async else run.timeout_s),
        ):
            return self._runner.run(run)

    @contextmanager
    def _marked(self, run: StepRun, claim: JobRecord) -> Iterator[None]:
        """Let the supervisor see what runs; it blames nobody in direct mode."""
        if self._marks is None:
            yield
            return
        workflow, step = claim.workflow_name, run.step.name
        self._marks.start(0, Mark(claim.id, claim.revision, workflow, step, time.monotonic()))
        try:
            yield
        finally:
            self._marks.end(0)

    def _report_step(
        self, claim: JobRecord, outcome: Outcome, run: StepRun | Unroutable | None, run_s: float
    ) -> None:
        step = StepEnded(
            worker_id=self.worker_id,
            job_id=claim.id,
            workflow=claim.workflow_name,
            step=run.step.name if isinstance(run, StepRun) else claim.step_name or "?",
            seq=claim.seq,
            attempt=claim.attempt + 1,
            outcome=OUTCOME_WORDS[type(outcome)],
            run_s=run_s,
            wait_s=0.0,
            error=error_line(outcome),
            pause_s=getattr(outcome, "pause_s", None),
        )
        self._report(StepsEnded(steps=(step,)))

    def _tell(self, moment: ErgateSignal) -> None:
        self._program.signals.send(moment, None, self._loop.run)


def _write(job: Job, record: JobRecord) -> None:
    """Write what a step changed into the user's own object."""
    values: dict[str, Any] = {
        "status": record.status,
        "current_step": record.current_step,
        "step_name": record.step_name,
        "workflow_fingerprint": record.fingerprint,
        "queue": record.queue,
        "steps_completed": record.steps_completed,
        "percent_completed": record.percent_completed,
        "last_return_value": json.loads(record.last_return_value),
        "seq": record.seq,
        "revision": record.revision,
        "attempt": record.attempt,
        "worker_id": None,
        "error": JobError.from_json(record.error) if record.error else None,
        "due_at": _time(record.due_at),
        "updated_at": _time(record.updated_at),
        "finished_at": _time(record.finished_at),
    }
    for name, value in values.items():
        setattr(job, name, value)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@contextmanager
def _alarm(timeout_s: float | None) -> Iterator[None]:
    """Raise `StepTimeout` in the main thread after so many seconds, also out of a blocking call."""
    if timeout_s is None:
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise StepTimeout

    with handled({signal.SIGALRM: ring}):
        signal.setitimer(signal.ITIMER_REAL, timeout_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
