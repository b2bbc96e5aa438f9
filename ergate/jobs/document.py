"""A whole job as one JSON document: what stands in a journal, and what travels in direct mode."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from ergate.errors import CorruptRecord, PayloadError
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job, job_from_record, record_from_job
from ergate.jobs.record import JobRecord

_AS_WRITTEN = Limits(max_bytes=2**31, max_depth=200)
"""The limits hold where a value is written; what stands there already is read as it is."""
_SHOWN = 60


def document_of(record: JobRecord) -> bytes:
    """Return a job as outside readers see it, with the fields that the app's own Job type adds.

    Raises `CorruptRecord` for a record that cannot be read.
    """
    plain = json.loads(record.extra) | job_from_record(record, Job).model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def record_of(job_id: str, body: bytes) -> JobRecord:
    """Return the job whose document `body` is. Raises `CorruptRecord`."""
    try:
        plain = json.loads(body)
        job = Job.model_validate(plain)
        record = record_from_job(job, 0.0, _AS_WRITTEN)
    except (ValueError, RecursionError, PayloadError) as exc:
        shown = repr(body if len(body) <= _SHOWN else body[:_SHOWN])
        raise CorruptRecord(
            f'The journal\'s entry of job "{job_id}" cannot be read: it is {shown}. '
            "Something other than Ergate wrote to the journal."
        ) from exc
    own = {name: value for name, value in plain.items() if name not in Job.model_fields}
    return replace(
        record,
        id=job_id,
        status=job.status,
        revision=job.revision,
        attempt=job.attempt,
        deliveries=job.deliveries,
        worker_id=job.worker_id,
        due_at=_seconds(job.due_at),
        extra=json.dumps(own, ensure_ascii=False),
        error=None if job.error is None else job.error.to_json(),
        created_at=_seconds(job.created_at) or 0.0,
        updated_at=_seconds(job.updated_at) or 0.0,
        finished_at=_seconds(job.finished_at),
    )


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
