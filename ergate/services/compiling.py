"""From a checked plan to a workflow of the engine: each state becomes one step.

Branches, retries and waits are the engine's own. The data so far travel as the return value of
each step, and the outputs are what the last one returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, NoReturn, assert_never

from pydantic import AfterValidator, WithJsonSchema

from ergate.errors import ErgateError
from ergate.injection.markers import CurrentJob
from ergate.jobs.job import Job
from ergate.jobs.retry import NO_RETRY, Retry
from ergate.services.awaiting import Awaited, DeclaredWorkflow, waiting_name
from ergate.services.call_id import CallId
from ergate.services.deciding import holds
from ergate.services.failures import BadData, ServiceFailure
from ergate.services.faults import told
from ergate.services.fields import Data, Field, check_values, fields_schema
from ergate.services.mappings import evaluate, evaluate_all
from ergate.services.operations import Call, Choice, Fail, Pass, Succeed, Wait
from ergate.services.picking import data_after, data_after_error, inputs_of, outputs_of
from ergate.services.plan import END, Plan, State
from ergate.services.reading import canonical
from ergate.services.replies import Unfinished
from ergate.services.retrying import catches, retry_of
from ergate.services.service import Service
from ergate.services.times import pause_of
from ergate.types import ValueFaults
from ergate.workflows.control import GoToEnd, GoToStep
from ergate.workflows.paths import GoToEndPath, GoToStepPath, Path

BACKSTOP_S = 5.0
"""The engine stops a call this long after the call should have stopped itself."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a call belongs to, besides its service and its inputs.

    `timeout_s` is how long it may take, as its state says, else its service; `None` leaves it to
    the caller.
    """

    id: CallId
    workflow: str
    state: str
    timeout_s: float | None


CallService = Callable[[Service, Data, CallContext], Mapping[str, object] | Unfinished]
"""Calls a service with its inputs and returns its answer; raises `ServiceFailure`.

The answer is `Unfinished` only of a service that declares `finishes_within_s`.
"""


class DeclaredFailure(ErgateError):
    """A state of type `fail` was reached; the class raised bears the name of its error."""


def compile_plan(
    plan: Plan, services: Iterable[Service], call: CallService, version: str | None = None
) -> DeclaredWorkflow:
    """Return the workflow that runs a checked plan, with `call` for its calls.

    It takes the plan's inputs as one object and returns its outputs as one. `services` are those
    of the plan, as they were when it was checked; raises `KeyError` for one that is missing.
    """
    by_name = {service.name: service for service in services}
    return _Compiler(plan, by_name, call, version).workflow()


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the engine: what a state does, or the wait for what its service finishes."""

    index: int
    name: str
    state: State
    awaited: Awaited | None = None
    """What it waits for; None for the state itself."""


class _Compiler:
    def __init__(
        self, plan: Plan, services: Mapping[str, Service], call: CallService, version: str | None
    ) -> None:
        self._plan = plan
        self._services = services
        self._call = call
        self._version = version
        self._steps = self._steps_of(_with_end(plan.states))
        self._place = {step.name: step.index for step in self._steps}

    def _steps_of(self, states: Sequence[State]) -> list[_Step]:
        steps: list[_Step] = []
        for state in states:
            steps.append(_Step(len(steps), state.name, state))
            awaited = self._awaited(state)
            if awaited is not None:
                steps.append(_Step(len(steps), waiting_name(state.name), state, awaited))
        return steps

    def _awaited(self, state: State) -> Awaited | None:
        if not isinstance(state.operation, Call):
            return None
        service = self._services[state.operation.service]
        within_s = service.finishes_within_s
        return None if within_s is None else Awaited(state.name, state.operation, service, within_s)

    def workflow(self) -> DeclaredWorkflow:
        awaited = {step.name: step.awaited for step in self._steps if step.awaited is not None}
        workflow = DeclaredWorkflow(self._plan.name, self._version, awaited)
        for step in self._steps:
            takes = _input_type(self._plan.inputs) if step.index == 0 else Data
            paths = self._paths(step)
            returns = Data if self._has_natural_next(step) else NoReturn
            workflow.step(
                name=step.name,
                paths=paths if paths or returns is NoReturn else None,
                retry=self._retry(step),
                timeout_s=self._timeout_s(step),
            )(_annotated(self._function(step), takes, returns))
        return workflow

    # --- where a step leads ---------------------------------------------------------------------

    def _targets(self, step: _Step) -> set[str | None]:
        ends = {END} if isinstance(step.state.operation, Succeed) else set()
        waits = {self._waiting_after(step)} - {None}
        return {exit_.target for exit_ in step.state.exits} | ends | waits

    def _waiting_after(self, step: _Step) -> str | None:
        """Return the step behind a call that waits for its answer, if it may come later."""
        waiting = waiting_name(step.name)
        return waiting if waiting in self._place else None

    def _is_natural(self, step: _Step, target: str | None) -> bool:
        """Whether a target follows when the step simply returns."""
        if target is END:
            return step.index + 1 == len(self._steps)
        waits = isinstance(step.state.operation, Wait) or target == self._waiting_after(step)
        return step.index + 1 == self._place[target] and not waits

    def _has_natural_next(self, step: _Step) -> bool:
        return any(self._is_natural(step, target) for target in self._targets(step))

    def _paths(self, step: _Step) -> list[Path]:
        others = [one for one in self._targets(step) if not self._is_natural(step, one)]
        return [
            GoToEndPath() if one is END else GoToStepPath(one) for one in sorted(others, key=str)
        ]

    def _leave(self, step: _Step, target: str | None, data: Data) -> Data:
        """Return what the step returns to get to a target, or raise what leads there."""
        if target is END:
            operation = step.state.operation
            end = operation if isinstance(operation, Succeed) else None
            data = outputs_of(self._plan.outputs, data, end)
        if self._is_natural(step, target):
            return data
        raise GoToEnd(data) if target is END else GoToStep(target, data)

    # --- what a step does -----------------------------------------------------------------------

    def _function(self, step: _Step) -> Callable[[Data, Job], Data]:
        def run(data: Data, job: Job) -> Data:
            return self._run(step, data, job)

        return run

    def _run(self, step: _Step, data: Data, job: Job) -> Data:
        operation = step.state.operation
        match operation:
            case Call() if step.awaited is not None:
                return self._answered(step, operation, step.awaited, data)
            case Call():
                return self._called(step, operation, data, job)
            case Choice():
                rules = (rule.next for rule in operation.choices if holds(rule.when, data))
                return self._leave(step, next(rules, operation.default), data)
            case Wait():
                return self._waited(step.state, operation, data)
            case Pass():
                data = {**data, **evaluate_all(operation.output, data)}
                return self._leave(step, step.state.next, data)
            case Succeed():
                return self._leave(step, END, data)
            case Fail():
                raise _failure(operation, data)
            case _:
                assert_never(operation)

    def _called(self, step: _Step, call: Call, data: Data, job: Job) -> Data:
        service = self._services[call.service]
        try:
            sent = inputs_of(call, service, data)
            reply = self._call(service, sent, self._context(step.state, service, job))
            after = (
                None if isinstance(reply, Unfinished) else data_after(call, service, data, reply)
            )
        except Exception as exc:  # whatever a call raises may be caught
            if retry_of(call).pause_s(job.attempt + 1, exc) is not None:
                raise
            return self._caught(step, call, data, exc)
        if after is None:
            awaited = self._steps[step.index + 1].awaited
            assert awaited is not None  # only of a service that declares that it may
            raise GoToStep(waiting_name(step.name), data, in_s=awaited.first_pause_s)
        return self._leave(step, step.state.next, after)

    def _answered(self, step: _Step, call: Call, awaited: Awaited, given: Data) -> Data:
        try:
            after = awaited.data_after(given)
        except ServiceFailure as exc:
            # Not called again: a job only moves forward, and the work may have been done.
            return self._caught(step, call, awaited.data_before(given), exc)
        return self._leave(step, step.state.next, after)

    def _caught(self, step: _Step, call: Call, data: Data, exc: Exception) -> Data:
        """Lead to where an error is caught; raise it again where it is not, to fail the job."""
        rule = next((rule for rule in call.catch if catches(rule.errors, exc)), None)
        if rule is None:
            raise exc
        known = data_after_error(rule.output, data, step.state.name, call.service, exc)
        return self._leave(step, rule.next, known)

    def _waited(self, state: State, wait: Wait, data: Data) -> Data:
        assert state.next is not END  # `_with_end` saw to that
        pause = pause_of(wait, data)
        if isinstance(pause, float):
            raise GoToStep(state.next, data, in_s=pause)
        raise GoToStep(state.next, data, at=pause)

    # --- how a step is run ----------------------------------------------------------------------

    def _context(self, state: State, service: Service, job: Job) -> CallContext:
        name = CallId(str(job.id), job.seq, job.attempt + 1)
        return CallContext(name, self._plan.name, state.name, _call_timeout_s(state, service))

    def _retry(self, step: _Step) -> Retry:
        operation = step.state.operation
        if not isinstance(operation, Call) or step.awaited is not None:
            return NO_RETRY
        return retry_of(operation)

    def _timeout_s(self, step: _Step) -> float | None:
        operation = step.state.operation
        if not isinstance(operation, Call) or step.awaited is not None:
            return None
        timeout_s = _call_timeout_s(step.state, self._services[operation.service])
        return None if timeout_s is None else timeout_s + BACKSTOP_S


def _call_timeout_s(state: State, service: Service) -> float | None:
    own = state.operation.timeout_s if isinstance(state.operation, Call) else None
    return service.timeout_s if own is None else own


def _with_end(states: Sequence[State]) -> list[State]:
    """Give waits that end the workflow a step to wait for: the engine waits before steps."""
    if not any(isinstance(state.operation, Wait) and state.next is END for state in states):
        return list(states)
    name, number, taken = "end", 2, {state.name for state in states}
    while name in taken:
        name, number = f"end-{number}", number + 1
    waits = [
        replace(state, next=name)
        if isinstance(state.operation, Wait) and state.next is END
        else state
        for state in states
    ]
    return [*waits, State(Succeed(name=name, type="succeed"), END, "")]


def _failure(fail: Fail, data: Data) -> DeclaredFailure:
    try:
        cause = evaluate(fail.cause, data)
    except BadData as exc:
        cause = f"(its cause cannot be told: {exc})"
    text = cause if isinstance(cause, str) else canonical(cause)
    kind: type[DeclaredFailure] = type(
        fail.error, (DeclaredFailure,), {"__doc__": fail.description}
    )
    return kind(text)


def _annotated(
    function: Callable[[Data, Job], Data], takes: Any, returns: Any
) -> Callable[[Data, Job], Data]:
    function.__annotations__ = {
        "data": takes,
        "job": Annotated[Job, CurrentJob()],
        "return": returns,
    }
    return function


def _input_type(fields: Sequence[Field]) -> Any:
    """Return the type of an event's data: checked against the inputs, with defaults filled in."""

    def checked(data: Data) -> Data:
        values, faults = check_values(fields, data)
        if faults:
            message = told("the data are not what the workflow takes", faults)
            raise ValueFaults(message, [str(fault) for fault in faults])
        return values

    return Annotated[Data, AfterValidator(checked), WithJsonSchema(fields_schema(fields))]
