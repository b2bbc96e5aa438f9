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
from ergate.services.call_id import CallId
from ergate.services.deciding import holds
from ergate.services.failures import BadData
from ergate.services.faults import told
from ergate.services.fields import Data, Field, check_values, fields_schema
from ergate.services.mappings import evaluate, evaluate_all
from ergate.services.operations import Call, Choice, Fail, Pass, Succeed, Wait
from ergate.services.picking import data_after, data_after_error, inputs_of, outputs_of
from ergate.services.plan import END, Plan, State
from ergate.services.reading import canonical
from ergate.services.retrying import catches, retry_of
from ergate.services.service import Service
from ergate.services.times import pause_of
from ergate.workflows.control import GoToEnd, GoToStep
from ergate.workflows.paths import GoToEndPath, GoToStepPath, Path
from ergate.workflows.workflow import Workflow

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


CallService = Callable[[Service, Data, CallContext], Mapping[str, object]]
"""Calls a service with its inputs and returns its answer; raises `ServiceFailure`."""


class DeclaredFailure(ErgateError):
    """A state of type `fail` was reached; the class raised bears the name of its error."""


def compile_plan(
    plan: Plan, services: Iterable[Service], call: CallService, version: str | None = None
) -> Workflow:
    """Return the workflow that runs a checked plan, with `call` for its calls.

    It takes the plan's inputs as one object and returns its outputs as one. `services` are those
    of the plan, as they were when it was checked; raises `KeyError` for one that is missing.
    """
    by_name = {service.name: service for service in services}
    return _Compiler(plan, by_name, call, version).workflow()


class _Compiler:
    def __init__(
        self, plan: Plan, services: Mapping[str, Service], call: CallService, version: str | None
    ) -> None:
        self._plan = plan
        self._services = services
        self._call = call
        self._version = version
        self._states = _with_end(plan.states)
        self._place = {state.name: index for index, state in enumerate(self._states)}

    def workflow(self) -> Workflow:
        workflow = Workflow(self._plan.name, version=self._version)
        for index, state in enumerate(self._states):
            takes = _input_type(self._plan.inputs) if index == 0 else Data
            paths = self._paths(state)
            returns = Data if self._has_natural_next(state) else NoReturn
            workflow.step(
                name=state.name,
                paths=paths if paths or returns is NoReturn else None,
                retry=self._retry(state),
                timeout_s=self._timeout_s(state),
            )(_annotated(self._function(state), takes, returns))
        return workflow

    # --- where a step leads ---------------------------------------------------------------------

    def _targets(self, state: State) -> set[str | None]:
        ends = {END} if isinstance(state.operation, Succeed) else set()
        return {exit_.target for exit_ in state.exits} | ends

    def _is_natural(self, state: State, target: str | None) -> bool:
        """Whether a target follows when the step simply returns."""
        after = self._place[state.name] + 1
        where = len(self._states) if target is END else self._place[target]
        return where == after and not isinstance(state.operation, Wait)

    def _has_natural_next(self, state: State) -> bool:
        return any(self._is_natural(state, target) for target in self._targets(state))

    def _paths(self, state: State) -> list[Path]:
        others = [one for one in self._targets(state) if not self._is_natural(state, one)]
        return [
            GoToEndPath() if one is END else GoToStepPath(one) for one in sorted(others, key=str)
        ]

    def _leave(self, state: State, target: str | None, data: Data) -> Data:
        """Return what the step returns to get to a target, or raise what leads there."""
        if target is END:
            end = state.operation if isinstance(state.operation, Succeed) else None
            data = outputs_of(self._plan.outputs, data, end)
        if self._is_natural(state, target):
            return data
        raise GoToEnd(data) if target is END else GoToStep(target, data)

    # --- what a step does -----------------------------------------------------------------------

    def _function(self, state: State) -> Callable[[Data, Job], Data]:
        def run(data: Data, job: Job) -> Data:
            return self._run(state, data, job)

        return run

    def _run(self, state: State, data: Data, job: Job) -> Data:
        operation = state.operation
        match operation:
            case Call():
                return self._called(state, operation, data, job)
            case Choice():
                rules = (rule.next for rule in operation.choices if holds(rule.when, data))
                return self._leave(state, next(rules, operation.default), data)
            case Wait():
                return self._waited(state, operation, data)
            case Pass():
                data = {**data, **evaluate_all(operation.output, data)}
                return self._leave(state, state.next, data)
            case Succeed():
                return self._leave(state, END, data)
            case Fail():
                raise _failure(operation, data)
            case _:
                assert_never(operation)

    def _called(self, state: State, call: Call, data: Data, job: Job) -> Data:
        service = self._services[call.service]
        try:
            sent = inputs_of(call, service, data)
            reply = self._call(service, sent, self._context(state, service, job))
            after = data_after(call, service, data, reply)
        except Exception as exc:  # noqa: BLE001  # whatever a call raises may be caught
            return self._caught(state, call, data, job, exc)
        return self._leave(state, state.next, after)

    def _caught(self, state: State, call: Call, data: Data, job: Job, exc: Exception) -> Data:
        """Lead to where an error is caught; raise it again to be retried, or to fail the job."""
        rule = next((rule for rule in call.catch if catches(rule.errors, exc)), None)
        if rule is None or retry_of(call).pause_s(job.attempt + 1, exc) is not None:
            raise exc
        known = data_after_error(rule.output, data, state.name, call.service, exc)
        return self._leave(state, rule.next, known)

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

    def _retry(self, state: State) -> Retry:
        return retry_of(state.operation) if isinstance(state.operation, Call) else NO_RETRY

    def _timeout_s(self, state: State) -> float | None:
        if not isinstance(state.operation, Call):
            return None
        timeout_s = _call_timeout_s(state, self._services[state.operation.service])
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
            raise ValueError(told("the data are not what the workflow takes", faults))
        return values

    return Annotated[Data, AfterValidator(checked), WithJsonSchema(fields_schema(fields))]
