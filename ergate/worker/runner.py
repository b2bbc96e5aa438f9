"""One run of one step: find it, give it its arguments, call it, and say what came of it.

A pipeline over one value; what is said here is written elsewhere (`settler`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ergate.errors import (
    BackendUnavailable,
    CorruptRecord,
    NotFoundError,
    PayloadError,
    ReverseGoToError,
    StepTimeout,
    UnknownStepError,
    ValidationError,
)
from ergate.injection.resolve import aresolve, resolve
from ergate.injection.values import StepValues
from ergate.jobs.codec import dump
from ergate.jobs.errors import JobError
from ergate.jobs.events import (
    Aborted,
    Advanced,
    Completed,
    Deferred,
    Failed,
    Outcome,
    Retried,
    Settlement,
    Unroutable,
)
from ergate.jobs.job import Job, job_from_record
from ergate.jobs.record import JobRecord
from ergate.jobs.retry import backoff_s
from ergate.jobs.transitions import Rejection, apply
from ergate.services.own import is_own
from ergate.types import adapter_for
from ergate.worker.event_loop import EventLoop
from ergate.worker.program import Program
from ergate.worker.signals import ErgateSignal
from ergate.workflows.control import AbortJob, GoToEnd, GoToStep, Steering
from ergate.workflows.step import WorkflowStep
from ergate.workflows.workflow import Workflow

log = logging.getLogger("ergate")

UNROUTABLE_FIRST_S = 1.0
UNROUTABLE_MAX_S = 60.0
NEVER_RETRIED = (ValidationError, PayloadError, ReverseGoToError, UnknownStepError)
"""The same input would give the same error; a retry would only hide it."""

_OUR_FILES = (f"{Path(__file__).parents[1]}/", "<frozen")
_ANY = adapter_for(Any)


class Interrupted(BaseException):
    """The worker must leave now; the run is not settled, and the lease does the rest."""


@dataclass(frozen=True, slots=True)
class StepRun:
    """A claim together with the step that it is about."""

    claim: JobRecord
    workflow: Workflow
    step: WorkflowStep[..., Any]
    timeout_s: float | None
    connection: object = None
    """Where the outcome will be written, for a step that runs in a transaction."""

    @property
    def what(self) -> str:
        """Names the step in messages."""
        return f'step "{self.step.name}" of workflow "{self.workflow.unique_name}"'


class Runner:
    """Runs steps in whatever thread calls it; async ones on the event loop."""

    def __init__(self, program: Program, loop: EventLoop) -> None:
        self._program = program
        self._loop = loop

    def find(self, claim: JobRecord) -> StepRun | Unroutable:
        """Return the step that a claim is about, or that this worker does not know it.

        The name decides, not the position: a deploy may have put a step in between.
        """
        try:
            workflow = self._program.registry.get(claim.workflow_name, claim.fingerprint)
            step = workflow[claim.current_step if claim.step_name is None else claim.step_name]
        except (NotFoundError, BackendUnavailable) as exc:
            pause_s = backoff_s(claim.unroutable + 1, UNROUTABLE_FIRST_S, 2, UNROUTABLE_MAX_S)
            return Unroutable(str(exc), pause_s)
        timeout_s = self._program.timeout_s if step.timeout_s is None else step.timeout_s
        return StepRun(claim, workflow, step, timeout_s)

    def run(self, run: StepRun) -> Outcome:
        """Run the step and return its outcome; raises only `Interrupted`."""
        self._tell(ErgateSignal.JOB_RUN_START, run, None)
        try:
            outcome = self._returned(run, self._call(run))
        except BaseException as exc:  # noqa: BLE001 - whatever a step raises has an outcome
            outcome = self.raised(run, exc)
        if isinstance(outcome, Failed | Retried):
            self._tell(ErgateSignal.JOB_RUN_FAIL, run, outcome)
        self._tell(ErgateSignal.JOB_RUN_END, run, outcome)
        return outcome

    # --- calling --------------------------------------------------------------------------------

    def _call(self, run: StepRun) -> object:
        plan = run.step.plan
        values = StepValues(
            run.claim.input_json,
            run.claim.user_context,
            partial(self._job, run.claim),
            run.connection,
        )
        if plan.is_async:
            return self._loop.run(self._acall(run, values))
        if not plan.has_dependencies:
            return plan.function(**plan.arguments(values))
        with resolve(plan, values, self._loop.run) as arguments:
            return plan.function(**arguments)

    async def _acall(self, run: StepRun, values: StepValues) -> object:
        plan = run.step.plan
        function: Callable[..., Any] = plan.function
        try:
            async with asyncio.timeout(run.timeout_s) as limit:
                if not plan.has_dependencies:
                    return await function(**plan.arguments(values))
                async with aresolve(plan, values) as arguments:
                    return await function(**arguments)
        except TimeoutError as exc:
            if limit.expired():
                raise timed_out(run) from exc
            raise

    def _job(self, claim: JobRecord) -> Job:
        return job_from_record(claim, self._program.job_type)

    def _tell(self, signal: ErgateSignal, run: StepRun, outcome: Outcome | None) -> None:
        signals = self._program.signals
        if not signals.has(signal) or is_own(run.workflow.unique_name):
            return
        try:
            job = self._job(after(run.claim, outcome))
        except CorruptRecord:
            log.exception("Nobody is told of %s.", signal)
        else:
            signals.send(signal, job, self._loop.run)

    # --- classifying ----------------------------------------------------------------------------

    def _returned(self, run: StepRun, value: object) -> Outcome:
        plan = run.step.plan
        what = f"The return value of {run.what}"
        result = dump(plan.return_adapter or _ANY, value, self._program.limits, what)
        return self._advanced(run, run.workflow.next_after(run.step.index), result)

    def _advanced(
        self, run: StepRun, target: WorkflowStep[..., Any] | None, result: str
    ) -> Outcome:
        if target is None:
            return Completed(result)
        done = run.claim.steps_completed + 1
        return Advanced(
            result,
            step=target.index,
            step_name=target.name,
            queue=target.queue or run.claim.home_queue,
            percent=run.workflow.progress(done, target.index),
            fingerprint=run.workflow.fingerprint,
        )

    def raised(self, run: StepRun, exc: BaseException) -> Outcome:
        """Return the outcome of a run that raised; raises `Interrupted` again."""
        if isinstance(exc, Interrupted):
            raise exc
        if isinstance(exc, Steering):
            return self._steered(run, exc)
        if isinstance(exc, StepTimeout) and not exc.args:  # thrown into the thread from outside
            exc = timed_out(run).with_traceback(exc.__traceback__)
        if isinstance(exc, KeyboardInterrupt | CancelledError | asyncio.CancelledError):
            exc = _described(exc)
        return self._failed(run, exc)

    def _steered(self, run: StepRun, exc: Steering) -> Outcome:
        try:
            match exc:
                case AbortJob(message=message):
                    return Aborted(_error(run, "AbortJob", message))
                case GoToEnd(retval=value):
                    target = None
                case GoToStep(retval=value):
                    target = run.workflow.resolve_goto(run.step.index, exc)
                case _:
                    raise TypeError(f"{exc!r} steers nowhere")
            what = f"The retval of {type(exc).__name__} in {run.what}"
            result = dump(_ANY, value, self._program.limits, what)
            return _deferred(self._advanced(run, target, result), exc)
        except Exception as problem:  # noqa: BLE001
            return self._failed(run, problem)

    def _failed(self, run: StepRun, exc: BaseException) -> Outcome:
        error = JobError.from_exception(exc, step_name=run.step.name, hide=_OUR_FILES).to_json()
        if isinstance(exc, NEVER_RETRIED):
            return Failed(error)
        pause_s = run.step.retry.pause_s(run.claim.attempt + 1, exc)
        return Failed(error) if pause_s is None else Retried(error, pause_s)


def _deferred(outcome: Outcome, exc: Steering) -> Outcome:
    """Return what a step steered to, later if it asked for that."""
    if not isinstance(exc, GoToStep) or not isinstance(outcome, Advanced):
        return outcome
    if exc.at is not None:
        return Deferred(outcome, due_at=exc.at.timestamp())
    return outcome if exc.in_s is None else Deferred(outcome, pause_s=exc.in_s)


def timed_out(run: StepRun) -> StepTimeout:
    """Return the error of a run that took longer than it may."""
    return StepTimeout(f"{run.what} ran longer than {run.timeout_s:g} s and was stopped.")


def after(claim: JobRecord, outcome: Outcome | None) -> JobRecord:
    """Return the job as it will be once `outcome` is settled; without one, as it is."""
    if outcome is None:
        return claim
    settlement = Settlement(claim.id, claim.worker_id or "", claim.revision, outcome)
    settled = apply(claim, settlement, time.time())
    return claim if isinstance(settled, Rejection) else settled


def _error(run: StepRun, kind: str, message: str) -> str:
    return JobError(type=kind, message=message, step_name=run.step.name).to_json()


def _described(exc: BaseException) -> BaseException:
    """Turn what would end a thread into what describes a failed step."""
    told = RuntimeError(f"The step ended with {type(exc).__name__}.")
    told.__cause__ = exc
    return told
