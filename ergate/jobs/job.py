"""The job as people and steps see it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from ergate.errors import CorruptRecord
from ergate.jobs.codec import Limits, dump, encode
from ergate.jobs.errors import JobError
from ergate.jobs.ids import checked_id, new_id
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.types import adapter_for


class Job(BaseModel):
    """One execution of a workflow.

    Raises `pydantic.ValidationError` for values that the fields cannot have.
    A subclass may add fields with defaults; they are stored and come back.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    id: Any = None
    """None until the job is submitted; then a UUID of version 7 as text."""
    workflow_name: str
    status: JobStatus = JobStatus.QUEUED
    current_step: int = Field(default=0, ge=0)
    steps_completed: int = Field(default=0, ge=0)
    percent_completed: float = Field(default=0.0, ge=0, le=100)
    initial_input_value: Any = None
    last_return_value: Any = None
    user_context: Any = None
    requested_start_time: datetime | None = None
    """Not before this time; without a time zone it is read as UTC."""

    queue: str = "default"
    priority: int = 0
    """Higher runs first."""
    seq: int = Field(default=0, ge=0)
    """How many step outcomes were applied to the job."""
    revision: int = Field(default=1, ge=0)
    """Grows by one with each transition."""
    attempt: int = Field(default=0, ge=0)
    """How often the current step has failed."""
    deliveries: int = Field(default=0, ge=0)
    """How often the current step was claimed without any outcome."""
    step_name: str | None = None
    workflow_fingerprint: str | None = None
    error: JobError | None = None
    worker_id: str | None = None
    due_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def idempotency_key(self) -> str:
        """The same for every run of the current step: `"<job id>:<seq>"`."""
        return f"{self.id}:{self.seq}"


JobT = TypeVar("JobT", bound=Job)

_ANY = adapter_for(Any)


def job_from_record(record: JobRecord, job_type: type[JobT]) -> JobT:
    """Return a new, private `Job` of the user's type from what the store keeps.

    Raises `CorruptRecord` that names the column which cannot be read, as after a damaged disk.
    """
    fields = _own_fields(record)
    fields.update(
        id=record.id,
        workflow_name=record.workflow_name,
        status=record.shown_status,
        current_step=record.current_step,
        steps_completed=record.steps_completed,
        percent_completed=record.percent_completed,
        initial_input_value=_value(record, "initial_input_value"),
        last_return_value=_value(record, "last_return_value"),
        user_context=_value(record, "user_context"),
        requested_start_time=_time(record, "requested_start_time"),
        queue=record.queue,
        priority=record.priority,
        seq=record.seq,
        revision=record.revision,
        attempt=record.attempt,
        deliveries=record.deliveries,
        step_name=record.step_name,
        workflow_fingerprint=record.fingerprint,
        error=JobError.from_json(record.error) if record.error else None,
        worker_id=record.worker_id,
        due_at=_time(record, "due_at"),
        created_at=_time(record, "created_at"),
        updated_at=_time(record, "updated_at"),
        finished_at=_time(record, "finished_at"),
    )
    try:
        return job_type.model_validate(fields)
    except pydantic.ValidationError as exc:
        fault = exc.errors(include_url=False)[0]
        name = str(fault["loc"][0]) if fault["loc"] else "extra"
        column = name if name in Job.model_fields else f"extra ({name})"
        raise _corrupt(record, _COLUMNS.get(name, column), fault["msg"], fault["input"]) from exc


_COLUMNS = {"workflow_fingerprint": "fingerprint"}
"""Where a field is not called as the record's column."""
_SHOWN = 60


def _own_fields(record: JobRecord) -> dict[str, Any]:
    fields = _value(record, "extra")
    if not isinstance(fields, dict):
        raise _corrupt(record, "extra", "it is no JSON object", record.extra)
    return fields


def _value(record: JobRecord, column: str) -> Any:
    text = getattr(record, column)
    try:
        value = json.loads(text, parse_constant=_no_constant)
        if "\\u" in text or not text.isascii():
            json.dumps(value, ensure_ascii=False).encode()  # refuses a lone surrogate
        return value
    except (ValueError, TypeError, RecursionError) as exc:
        raise _corrupt(record, column, f"it is no valid JSON: {exc}", text) from exc


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def _time(record: JobRecord, column: str) -> datetime | None:
    seconds = getattr(record, column)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError) as exc:
        raise _corrupt(record, column, f"it is no time: {exc}", seconds) from exc


def _corrupt(record: JobRecord, column: str, why: str, value: object) -> CorruptRecord:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return CorruptRecord(
        f'Job "{record.id}" cannot be read: its stored {column} is {shown}; {why}. '
        "Something other than Ergate wrote to the store, or its disk is damaged."
    )


def record_from_job(job: Job, now: float, limits: Limits) -> JobRecord:
    """Return what a store keeps of a job that is to be submitted at time `now`.

    Assigns the id when it is None. Raises `PayloadError` for values that cannot be stored.
    """
    start = _seconds(job.requested_start_time)
    waits = start is not None and start > now
    return JobRecord(
        id=new_id() if job.id is None else checked_id(str(job.id)),
        workflow_name=job.workflow_name,
        queue=job.queue,
        home_queue=job.queue,
        priority=job.priority,
        status=JobStatus.SCHEDULED if waits else JobStatus.QUEUED,
        seq=job.seq,
        current_step=job.current_step,
        step_name=job.step_name,
        fingerprint=job.workflow_fingerprint,
        due_at=start if waits else None,
        steps_completed=job.steps_completed,
        percent_completed=job.percent_completed,
        initial_input_value=dump(_ANY, job.initial_input_value, limits, "The input"),
        last_return_value=dump(_ANY, job.last_return_value, limits, "The last return value"),
        user_context=dump(_ANY, job.user_context, limits, "The user context"),
        extra=_extra(job, limits),
        requested_start_time=start,
        created_at=now,
        updated_at=now,
    )


def _extra(job: Job, limits: Limits) -> str:
    added = set(type(job).model_fields) - set(Job.model_fields)
    if not added:
        return "{}"
    return encode(job.model_dump(mode="json", include=added), limits, "The job's own fields")


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
