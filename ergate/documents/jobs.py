"""Jobs as plain values, with the fields that an app's own Job type adds."""

from __future__ import annotations

import json

from ergate.jobs.job import Job
from ergate.jobs.record import JobRecord


def job_document(job: Job) -> dict[str, object]:
    """Return a whole job as plain JSON values."""
    document: dict[str, object] = job.model_dump(mode="json")
    return document


def whole_job(record: JobRecord, job: Job) -> dict[str, object]:
    """Return a whole job as plain JSON values, with its own fields even without the app."""
    own: dict[str, object] = json.loads(record.extra)
    return own | job_document(job)
