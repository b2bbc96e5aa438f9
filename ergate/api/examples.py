"""Documents that the OpenAPI document shows as examples, from one walk: a service to an event."""

from __future__ import annotations

from typing import Any

_ID = "f2d1a0b8-5f0c-5b8e-9d35-0d2f4a5f6b7c"
_VERSION = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_AT = "2030-01-31T09:00:00.000Z"

SERVICE: dict[str, Any] = {
    "name": "upper",
    "address": "https://upper.example/",
    "inputs": [{"name": "message", "type": "string", "description": "The text to transform"}],
    "outputs": [{"name": "message", "type": "string", "description": "The text in capitals"}],
}
WORKFLOW: dict[str, Any] = {
    "name": "shout",
    "services": ["upper"],
    "inputs": [{"name": "message", "type": "string", "description": "What to shout"}],
    "outputs": [{"name": "message", "type": "string", "description": "The text in capitals"}],
}
EVENT: dict[str, Any] = {"data": {"message": "The Sun will rise in the morning !"}}

SERVICE_SHOWN = SERVICE | {"id": _ID, "version": _VERSION, "created_at": _AT}
WORKFLOW_SHOWN = WORKFLOW | {"id": _ID, "version": _VERSION, "created_at": _AT}
SERVICE_REGISTERED: dict[str, Any] = {
    "service_id": _ID,
    "ack_date": _AT,
    "name": "upper",
    "version": _VERSION,
    "warnings": [],
}
WORKFLOW_REGISTERED: dict[str, Any] = {
    "workflow_id": _ID,
    "ack_date": _AT,
    "name": "shout",
    "version": _VERSION,
    "warnings": [],
}
EVENT_ACCEPTED: dict[str, Any] = {
    "event_id": "01900000-0000-7000-8000-000000000000",
    "workflow": "shout",
    "status": "queued",
    "ack_date": _AT,
    "finished_at": None,
}
EVENT_DONE = EVENT_ACCEPTED | {
    "status": "completed",
    "finished_at": "2030-01-31T09:00:00.250Z",
    "outputs": {"message": "THE SUN WILL RISE IN THE MORNING !"},
}
EVENT_FAILED = EVENT_ACCEPTED | {
    "status": "failed",
    "finished_at": "2030-01-31T09:00:10.000Z",
    "error": {
        "name": "ServiceUnavailable",
        "message": 'Service "upper" cannot be reached.',
        "step": "upper",
    },
}
PINGED: dict[str, Any] = {
    "name": "upper",
    "address": "https://upper.example/",
    "at": _AT,
    "reached": True,
    "status": 405,
    "elapsed_s": 0.012,
    "error": None,
}
DURATIONS: dict[str, Any] = {
    "workflow": "shout",
    "jobs": 50,
    "steps": [{"step": "upper", "runs": 52, "failures": 2, "p50_s": 0.02, "p95_s": 0.31}],
}
SERVICE_WITH_HEALTH: dict[str, Any] = SERVICE_SHOWN | {
    "health": {"last_ping": PINGED, "calls": 52, "failures": 2, "p50_s": 0.02, "p95_s": 0.31}
}

_STEP: dict[str, Any] = {
    "name": "upper",
    "takes": "data: dict[str, Any]",
    "returns": "dict[str, Any]",
    "leads_to": ["end"],
    "attempts": 6,
    "timeout_s": None,
    "queue": None,
    "is_async": False,
}
_WORKFLOW: dict[str, Any] = {
    "name": "shout",
    "fingerprint": _VERSION,
    "steps": [_STEP],
    "declared": True,
    "version": _VERSION,
    "created_at": _AT,
}
_JOB: dict[str, Any] = {
    "id": EVENT_DONE["event_id"],
    "workflow_name": "shout",
    "status": "completed",
    "current_step": 0,
    "steps_completed": 1,
    "percent_completed": 100.0,
    "initial_input_value": EVENT["data"],
    "last_return_value": EVENT_DONE["outputs"],
    "user_context": None,
    "requested_start_time": None,
    "queue": "default",
    "priority": 0,
    "seq": 1,
    "revision": 3,
    "attempt": 0,
    "deliveries": 0,
    "step_name": "upper",
    "workflow_fingerprint": _VERSION,
    "error": None,
    "worker_id": None,
    "due_at": None,
    "created_at": _AT,
    "updated_at": EVENT_DONE["finished_at"],
    "finished_at": EVENT_DONE["finished_at"],
}
_HISTORY: dict[str, Any] = {
    "job_id": _JOB["id"],
    "revision": 3,
    "event": "applied",
    "status": "completed",
    "seq": 0,
    "step_name": "upper",
    "next_step": None,
    "attempt": 0,
    "worker_id": "01900000-0000-7000-8000-00000000000a",
    "claimed_at": _AT,
    "at": EVENT_DONE["finished_at"],
    "result": EVENT_DONE["outputs"],
    "detail": None,
}
_PAGE = {"next_offset": None, "left_out": 0}

BY_SCHEMA: dict[str, list[Any]] = {
    "ActivityOfSpans": [
        {
            "bucket_s": 60,
            "buckets": [{"at": _AT, "completed": 30, "failed": 1, "p50_s": 0.2, "p99_s": 1.4}],
        }
    ],
    "BulkDone": [{"done": ["order-7"], "problems": []}],
    "Counts": [{"counts": {"queued": 2, "completed": 40}, "total": 42}],
    "DefinitionShown": [WORKFLOW_SHOWN],
    "Durations": [DURATIONS],
    "Event": [EVENT_DONE, EVENT_ACCEPTED, EVENT_FAILED],
    "EventBody": [EVENT, EVENT["data"]],
    "Feed": [
        {
            "name": "kafka://k1:9092/jobs",
            "is_read": True,
            "held_until": _AT,
            "waiting": 0,
            "oldest_at": None,
            "behind_s": 0.0,
        }
    ],
    "History": [_HISTORY],
    "Job": [_JOB],
    "Letter": [
        {
            "id": "5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e",
            "queue": "default",
            "reason": "It is no JSON.",
            "at": _AT,
            "body": "{",
            "body_base64": None,
        }
    ],
    "Page_Event_": [_PAGE | {"items": [EVENT_DONE]}],
    "Page_Job_": [_PAGE | {"items": [_JOB]}],
    "Pinged": [PINGED],
    "Pruned": [{"deleted": 120, "left": 0}],
    "Purged": [{"queue": "mails", "cancelled": 3}],
    "Queue": [
        {
            "queue": "default",
            "ready": 2,
            "scheduled": 0,
            "running": 1,
            "oldest_ready_at": _AT,
            "next_due_at": None,
            "oldest_age_s": 1.5,
        }
    ],
    "RegisteredService": [SERVICE_REGISTERED],
    "RegisteredWorkflow": [WORKFLOW_REGISTERED],
    "Requeued": [{"letter": "5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e", "job": "order-7"}],
    "Rights": [{"may_change": True, "has_token": True, "read_only": False}],
    "ServiceShown": [SERVICE_SHOWN],
    "ServiceWithHealth": [SERVICE_WITH_HEALTH],
    "WholeWorkflow": [
        _WORKFLOW
        | {
            "ways": [{"from": "upper", "to": None, "kind": "next"}],
            "input_schema": {
                "type": "object",
                "properties": {"message": {"type": "string"}},
                "required": ["message"],
                "additionalProperties": False,
            },
            "definition": WORKFLOW,
            "services": [SERVICE],
            "versions": [{"version": _VERSION, "created_at": _AT, "is_current": True}],
        }
    ],
    "Worker": [
        {
            "worker_id": _HISTORY["worker_id"],
            "host": "host-1",
            "pid": 4711,
            "queues": ["default"],
            "concurrency": 8,
            "started_at": _AT,
            "expires_at": _AT,
            "lease_left_s": 22.5,
            "is_live": True,
            "running": [],
        }
    ],
    "WorkflowShape": [_WORKFLOW],
}
"""By the name of the schema in the OpenAPI document."""
