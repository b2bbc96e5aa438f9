"""Services, definitions and events as JSON, the way the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ergate.api.shapes import Document
from ergate.jobs.status import JobStatus
from ergate.services.addresses import MAX_LENGTH


class Kept(Document):
    """What is told of a registered document beside the document itself."""

    name: str
    id: str = Field(description="The same for every version; the name alone decides it.")
    version: str = Field(description="A hash of what it says and means.")
    created_at: str = Field(description="When this version was first registered.")


class ServiceShown(Kept):
    """A service as it was written."""

    address: str


class DefinitionShown(Kept):
    """A definition as it was written."""


class Registered(BaseModel):
    """Something was registered, and counts for all that starts from now on."""

    ack_date: str
    name: str
    version: str
    warnings: list[str] = Field(default=[], description="What would not work by the settings.")


class RegisteredService(Registered):
    """A service was registered."""

    service_id: str


class RegisteredWorkflow(Registered):
    """A definition was registered."""

    workflow_id: str


class EventError(BaseModel):
    """Why an event failed, or why its present step is tried again."""

    name: str
    message: str
    step: str | None


class Event(Document):
    """An event and what became of it."""

    event_id: str
    workflow: str
    status: JobStatus
    ack_date: str | None = Field(description="When it was accepted.")
    finished_at: str | None
    outputs: Any = Field(default=None, description="There once it has completed.")
    error: EventError | None = Field(default=None, description="There after a failure.")


class EventBody(BaseModel):
    """An event to send: its data, or just an object of the workflow's inputs."""

    model_config = ConfigDict(extra="allow")

    data: Any = Field(default=None, description="The inputs of the workflow.")
    callback_url: str | None = Field(
        default=None,
        max_length=MAX_LENGTH,
        description="Told of the event's end by a signed webhook; only beside `data`.",
        examples=["https://shop.example/hooks/orders"],
    )


class Pinged(BaseModel):
    """What came of asking whether anything answers where a service is."""

    name: str
    address: str
    at: str
    reached: bool
    status: int | None = Field(description="The HTTP status of the answer, whatever it is.")
    elapsed_s: float | None
    error: str | None


class Health(BaseModel):
    """How a service does, as far as the newest 200 jobs tell."""

    last_ping: Pinged | None = Field(description="Since this server started.")
    calls: int
    failures: int
    p50_s: float | None = Field(description="Half of the steps that call it took at most so long.")
    p95_s: float | None


class ServiceWithHealth(ServiceShown):
    """A service as it was written, and how it does."""

    health: Health


class StepTimes(BaseModel):
    """How long a step took."""

    step: str
    runs: int
    failures: int
    p50_s: float | None
    p95_s: float | None


class Durations(BaseModel):
    """How long the steps of a workflow took, in its newest jobs."""

    workflow: str
    jobs: int = Field(description="How many jobs were looked at.")
    steps: list[StepTimes]
