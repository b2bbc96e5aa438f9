"""Services, definitions and events as JSON, the way the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ergate.api import examples
from ergate.api.shapes import Document
from ergate.jobs.status import JobStatus


class Kept(Document):
    """What is told of a registered document beside the document itself."""

    name: str
    id: str = Field(description="The same for every version; the name alone decides it.")
    version: str = Field(description="A hash of what it says and means.")
    created_at: str = Field(description="When this version was first registered.")


class ServiceShown(Kept):
    """A service as it was written."""

    model_config = ConfigDict(json_schema_extra={"example": examples.SERVICE_SHOWN})

    address: str


class DefinitionShown(Kept):
    """A definition as it was written."""

    model_config = ConfigDict(json_schema_extra={"example": examples.WORKFLOW_SHOWN})


class Registered(BaseModel):
    """Something was registered, and counts for all that starts from now on."""

    ack_date: str
    name: str
    version: str


class RegisteredService(Registered):
    """A service was registered."""

    model_config = ConfigDict(json_schema_extra={"example": examples.SERVICE_REGISTERED})

    service_id: str


class RegisteredWorkflow(Registered):
    """A definition was registered."""

    model_config = ConfigDict(json_schema_extra={"example": examples.WORKFLOW_REGISTERED})

    workflow_id: str


class EventError(BaseModel):
    """Why an event failed, or why its present step is tried again."""

    name: str
    message: str
    step: str | None


class Event(Document):
    """An event and what became of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [examples.EVENT_DONE, examples.EVENT_ACCEPTED, examples.EVENT_FAILED]
        }
    )

    event_id: str
    workflow: str
    status: JobStatus
    ack_date: str | None = Field(description="When it was accepted.")
    finished_at: str | None
    outputs: Any = Field(default=None, description="There once it has completed.")
    error: EventError | None = Field(default=None, description="There after a failure.")


class EventBody(BaseModel):
    """An event to send: its data, or just an object of the workflow's inputs."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"example": examples.EVENT})

    data: Any = Field(default=None, description="The inputs of the workflow.")
