"""Documents that the OpenAPI document shows as examples: one walk from a service to an event."""

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
}
WORKFLOW_REGISTERED: dict[str, Any] = {
    "workflow_id": _ID,
    "ack_date": _AT,
    "name": "shout",
    "version": _VERSION,
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
