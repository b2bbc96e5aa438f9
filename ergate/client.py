"""The side that hands in jobs and asks about them; it runs nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, get_args, get_origin

import pydantic

from ergate.brokers.broker import Broker
from ergate.clock import Clock, SystemClock
from ergate.errors import JobNotFoundError, UsageError, ValidationError
from ergate.jobs.codec import Limits, checked, dump, encode
from ergate.jobs.job import Job, job_from_record, record_from_job
from ergate.jobs.record import JobRecord
from ergate.types import ValueFaults, adapter_for
from ergate.workflows.registry import Registry
from ergate.workflows.step import WorkflowStep
from ergate.workflows.workflow import Workflow

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

JobT = TypeVar("JobT", bound=Job)

_ANY = adapter_for(Any)
BATCH = 500
"""How many jobs go into one transaction."""
WAIT_FIRST_S = 0.002
WAIT_MAX_S = 0.1


@dataclass(frozen=True, slots=True)
class JsonText:
    """A value that is JSON text already, as it comes from a terminal or a file."""

    text: str


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A value as a reader of JSON gives it."""

    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a job is to be run, beside its workflow and input."""

    id: str | None = None
    """A name of one's own; handing in the same id again changes nothing."""
    context: object = None
    queue: str | None = None
    priority: int = 0
    at: datetime | None = None
    in_s: float | None = None
    """Not before so many seconds from now."""
    fields: dict[str, Any] | None = None
    """Values for the fields that the app's own Job type adds."""
    connection: object = None
    """Where the caller has a transaction open, which decides whether the job ever existed."""

    def start(self, now: float) -> datetime | None:
        """Return when the job may start at the earliest, if it is handed in at the time `now`."""
        if self.at is not None and self.in_s is not None:
            raise UsageError("A job can start at a time or in some seconds, not both.")
        if self.in_s is not None:
            return datetime.fromtimestamp(now + self.in_s, UTC)
        return self.at


class Client(Generic[JobT]):
    """Hands in jobs. With a registry it checks names and inputs; with None it trusts the caller.

    With `trusts_names` it also takes names that the registry does not know, and any input for them.
    """

    def __init__(
        self,
        broker: Broker,
        job_type: type[JobT],
        limits: Limits,
        registry: Registry | None,
        *,
        trusts_names: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._broker = broker
        self._job_type = job_type
        self._limits = limits
        self._registry = registry
        self._trusts_names = trusts_names
        self._clock = clock or SystemClock()

    def enqueue(self, workflow: str | Workflow, value: object, wish: Wish) -> JobT:
        """Accept one job and return it; when this returns it is stored and will run.

        Raises `UnknownWorkflowError`, `ValidationError` for an input of another type,
        `PayloadError` for one that cannot be stored, and `BackendUnavailable`; with a connection
        `Unsupported` when the store cannot write on it.
        """
        name, known = self._found(workflow)
        record = self._record(name, known, value, wish)
        if wish.connection is not None:
            self._broker.submit_within(wish.connection, [record], if_absent=wish.id is not None)
            return job_from_record(record, self._job_type)
        self._broker.submit([record], if_absent=wish.id is not None)
        if wish.id is not None:  # it may have been there before
            return self.get_job(record.id)
        return job_from_record(record, self._job_type)

    def record(self, workflow: Workflow, value: object, wish: Wish) -> JobRecord:
        """Return a job of a workflow as it would be stored, for whoever hands in several together.

        Nothing is asked of the store, nor of the registry. Raises `ValidationError` and
        `PayloadError`, as `enqueue` does.
        """
        return self._record(workflow.unique_name, workflow, value, wish)

    def enqueue_many(
        self, workflow: str | Workflow, values: Iterable[object], wish: Wish
    ) -> Iterable[JobT]:
        """Accept jobs in bulk, lazily: each batch is stored before its jobs are yielded."""
        name, known = self._found(workflow)
        batch: list[JobRecord] = []
        for value in values:
            batch.append(self._record(name, known, value, wish))
            if len(batch) == BATCH:
                yield from self._submit(batch)
                batch = []
        yield from self._submit(batch)

    def _submit(self, batch: list[JobRecord]) -> list[JobT]:
        if batch:
            self._broker.submit(batch)
        return [job_from_record(record, self._job_type) for record in batch]

    def get_job(self, job_id: str) -> JobT:
        """Return a job as it is now. Raises `JobNotFoundError`."""
        record = self._broker.store.get(job_id)
        if record is None:
            raise JobNotFoundError(f'There is no job "{job_id}". See `ergate jobs list`.')
        return job_from_record(record, self._job_type)

    def wait(self, job_id: str, timeout_s: float | None) -> JobT:
        """Block until the job has ended, and return it. Raises `TimeoutError`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = WAIT_FIRST_S
        while True:
            asked = time.monotonic()
            job = self.get_job(job_id)
            if job.status.is_final:
                return job
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                raise TimeoutError(f"Job {job_id} is still {job.status} after {timeout_s:g} s.")
            time.sleep(max(pause_s, now - asked))  # a store that must search long is spared
            pause_s = min(WAIT_MAX_S, pause_s * 1.2)

    def close(self) -> None:
        """Let go of the connections."""
        self._broker.close()

    def _found(self, workflow: str | Workflow) -> tuple[str, Workflow | None]:
        name = workflow.unique_name if isinstance(workflow, Workflow) else workflow
        if self._registry is None:
            return name, None
        return name, self._registry.find(name) if self._trusts_names else self._registry.get(name)

    # --- from values to a record ----------------------------------------------------------------

    def _record(self, name: str, known: Workflow | None, value: object, wish: Wish) -> JobRecord:
        first = None if known is None else known[0]
        now = self._clock.now()
        job = self._job_type(
            id=wish.id,
            workflow_name=name,
            user_context=wish.context,
            requested_start_time=wish.start(now),
            queue=wish.queue or "default",
            priority=wish.priority,
            step_name=None if first is None else first.name,
            workflow_fingerprint=None if known is None else known.fingerprint,
            **(wish.fields or {}),
        )
        record = record_from_job(job, now, self._limits)
        queue = (first.queue if first is not None else None) or record.queue
        return replace(
            record, queue=queue, initial_input_value=input_text(first, value, self._limits)
        )


def input_text(step: WorkflowStep[..., Any] | None, value: object, limits: Limits) -> str:
    """Return the input of a step as JSON text, after checking it against the step's type.

    Without the step only the limits are checked.
    Raises `ValidationError` for a value of another type, `PayloadError` for one that cannot be
    stored.
    """
    source = None if step is None else step.plan.input
    text = _text(value, limits)
    if (value is None or text == "null") and source is not None and source.has_default:
        return "null"
    adapter = None if step is None else step.plan.input_adapter
    if step is None or adapter is None:
        return dump(_ANY, value, limits, "The input") if text is None else text
    try:
        if text is not None:
            adapter.validate_json(text, by_alias=True, by_name=True)
            return text
        return dump(adapter, adapter.validate_python(value), limits, "The input")
    except pydantic.ValidationError as exc:
        faults = list(_faults(exc))
        what = f"{_taker(step, exc)}:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise ValidationError(f"The input does not fit {what}", faults) from exc


def _text(value: object, limits: Limits) -> str | None:
    """Return JSON as text in its shortest form; None for a value that is none yet."""
    if isinstance(value, JsonText):
        return checked(value.text, limits, "The input")
    return encode(value.value, limits, "The input") if isinstance(value, JsonValue) else None


def _faults(exc: pydantic.ValidationError) -> Iterator[str]:
    for fault in exc.errors(include_url=False):
        cause = _cause(fault)
        if cause is not None:
            yield from cause.faults
        else:
            place = ".".join(str(part) for part in fault["loc"]) or "the input"
            yield f"{place}: {fault['msg']}"


def _cause(fault: ErrorDetails) -> ValueFaults | None:
    cause = fault.get("ctx", {}).get("error")
    return cause if isinstance(cause, ValueFaults) else None


def _taker(step: WorkflowStep[..., Any], exc: pydantic.ValidationError) -> str:
    """Return what an input does not fit, for a message."""
    workflow = f'workflow "{step.workflow.unique_name}"'
    if any(_cause(fault) for fault in exc.errors(include_url=False)):
        return workflow  # it is declared: its inputs are its own, and not those of a step
    source = step.plan.input
    declared = f" ({source.name}: {_type_name(source.annotation)})" if source is not None else ""
    return f'step "{step.name}"{declared} of {workflow}'


def _type_name(annotation: object) -> str:
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return getattr(plain, "__name__", None) or str(plain)
