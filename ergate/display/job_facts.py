"""One shape for a job to be shown, whether it comes as `Job` or as the store's record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic_core import to_json

from ergate.jobs.errors import JobError
from ergate.jobs.job import Job
from ergate.jobs.record import JobRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What is shown of a job. Times are seconds since 1970; payloads are JSON text."""

    id: str
    workflow: str
    status: str
    queue: str
    priority: int
    step: str
    seq: int
    percent: float
    attempt: int
    deliveries: int
    worker_id: str | None
    error: JobError | None
    input: str
    last_return: str
    context: str
    extra: str
    requested_start: float | None
    due_at: float | None
    created_at: float | None
    updated_at: float | None
    finished_at: float | None


def facts_of(job: Job | JobRecord) -> JobFacts:
    """Return what is shown of a job."""
    return _from_job(job) if isinstance(job, Job) else _from_record(job)


def _from_record(record: JobRecord) -> JobFacts:
    return JobFacts(
        id=record.id,
        workflow=record.workflow_name,
        status=record.shown_status.value,
        queue=record.queue,
        priority=record.priority,
        step=record.step_name or str(record.current_step),
        seq=record.seq,
        percent=record.percent_completed,
        attempt=record.attempt,
        deliveries=record.deliveries,
        worker_id=record.worker_id,
        error=JobError.from_json(record.error) if record.error else None,
        input=record.initial_input_value,
        last_return=record.last_return_value,
        context=record.user_context,
        extra=record.extra,
        requested_start=record.requested_start_time,
        due_at=record.due_at,
        created_at=record.created_at,
        updated_at=record.updated_at,
        finished_at=record.finished_at,
    )


def _from_job(job: Job) -> JobFacts:
    added = {name: getattr(job, name) for name in type(job).model_fields.keys() - _OWN_FIELDS}
    return JobFacts(
        id=str(job.id),
        workflow=job.workflow_name,
        status=job.status.value,
        queue=job.queue,
        priority=job.priority,
        step=job.step_name or str(job.current_step),
        seq=job.seq,
        percent=job.percent_completed,
        attempt=job.attempt,
        deliveries=job.deliveries,
        worker_id=job.worker_id,
        error=job.error,
        input=_text(job.initial_input_value),
        last_return=_text(job.last_return_value),
        context=_text(job.user_context),
        extra=_text(dict(sorted(added.items()))),
        requested_start=_seconds(job.requested_start_time),
        due_at=_seconds(job.due_at),
        created_at=_seconds(job.created_at),
        updated_at=_seconds(job.updated_at),
        finished_at=_seconds(job.finished_at),
    )


_OWN_FIELDS = Job.model_fields.keys()


def pretty(text: str) -> str:
    """Return JSON text with one value per line; a text that is not JSON stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _text(value: object) -> str:
    # A job that was never stored may hold anything; it is only looked at here.
    try:
        return to_json(value, serialize_unknown=True, bytes_mode="base64").decode()
    except ValueError:  # such as a lone surrogate, or an object that holds itself
        return repr(value)


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
