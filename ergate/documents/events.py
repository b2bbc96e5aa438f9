"""An event: a job as whoever sent it sees it, without what the engine keeps about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ergate.documents.times import moment_of
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus


def event_document(job: Mapping[str, Any]) -> dict[str, object]:
    """Return an event, made from its job's document.

    `outputs` are there once it has completed, and `error` after a failure.
    """
    document = {
        "event_id": job["id"],
        "workflow": job["workflow_name"],
        "status": job["status"],
        "ack_date": job["created_at"],
        "finished_at": job["finished_at"],
    }
    if job["status"] == JobStatus.COMPLETED:
        document["outputs"] = job["last_return_value"]
    if job["error"] is not None:
        document["error"] = _error(job["error"])
    return document


def unfinished_event(record: JobRecord) -> dict[str, object]:
    """Return the same of a job that has neither ended nor failed, without reading its values."""
    created_at = moment_of(record.created_at)
    return {
        "event_id": record.id,
        "workflow": record.workflow_name,
        "status": record.shown_status,
        "ack_date": created_at and created_at.isoformat().replace("+00:00", "Z"),
        "finished_at": None,
    }


def _error(error: Mapping[str, Any]) -> dict[str, object]:
    """Leave out the traceback, which tells of the inside of workers."""
    return {"name": error["type"], "message": error["message"], "step": error["step_name"]}
