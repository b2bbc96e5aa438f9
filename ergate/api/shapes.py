"""The JSON documents of answers, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ergate.jobs.status import JobStatus

T = TypeVar("T")


class Document(BaseModel):
    """A document that may get further members in later versions."""

    model_config = ConfigDict(extra="allow")


class Page(BaseModel, Generic[T]):
    """Some of a list, and where to go on."""

    items: list[T]
    next_offset: int | None = Field(
        description="The `offset` of the next request; null when there is nothing more. "
        "A search by text may answer with few items, or none, before its end."
    )
    left_out: int = Field(default=0, description="How many damaged rows are left out.")


class History(Document):
    """One transition of a job."""

    job_id: str
    revision: int
    event: str
    status: JobStatus
    seq: int
    step_name: str | None
    next_step: str | None
    attempt: int
    worker_id: str | None
    claimed_at: str | None
    at: str
    result: Any
    detail: Any


class Queue(Document):
    """What waits in one queue."""

    queue: str
    ready: int
    scheduled: int
    running: int
    oldest_ready_at: str | None
    next_due_at: str | None
    oldest_age_s: float | None


class Letter(Document):
    """A message that nobody could understand."""

    id: str
    queue: str
    reason: str
    at: str | None
    body: str | None
    body_base64: str | None


class Requeued(BaseModel):
    """A dead letter that was read once more."""

    letter: str
    job: str = Field(description="The id of the job that it became.")


class Worker(Document):
    """A worker process, its lease and the jobs that it holds."""

    worker_id: str
    host: str
    pid: int
    queues: list[str]
    concurrency: int
    started_at: str
    expires_at: str
    lease_left_s: float
    is_live: bool
    running: list[str]


class Step(Document):
    """One step of a workflow."""

    name: str
    takes: str | None
    returns: str
    leads_to: list[str]
    attempts: int
    timeout_s: float | None
    queue: str | None
    is_async: bool


class WorkflowShape(Document):
    """A workflow with its steps."""

    name: str
    fingerprint: str
    steps: list[Step]
    declared: bool = Field(description="Whether it was registered, and is no part of the app.")
    version: str = Field(description="What jobs keep as their fingerprint.")
    created_at: str | None = Field(description="Since when a declared one has this version.")


class Way(BaseModel):
    """A way from one step to another; the end is null."""

    from_: str = Field(alias="from")
    to: str | None
    kind: str


class Version(BaseModel):
    """A version of a declared workflow."""

    version: str
    created_at: str
    is_current: bool


class WholeWorkflow(WorkflowShape):
    """A workflow with its steps, its ways, and the type of its input.

    A declared one has `definition`, `services` and `versions`, too.
    """

    ways: list[Way]
    input_schema: Any = Field(description="The input's JSON Schema; null when it takes none.")
    definition: dict[str, Any] | None = None
    services: list[dict[str, Any]] | None = None
    versions: list[Version] | None = Field(
        default=None, description="The newest 20, the current one first."
    )


class Counts(BaseModel):
    """How many jobs there are by status; statuses without any are left out."""

    counts: dict[str, int]
    total: int


class BulkProblem(BaseModel):
    """A job that stayed as it is, and why."""

    id: str
    problem: str


class BulkDone(BaseModel):
    """What became of an order about many jobs."""

    done: list[str] = Field(description="The ids of the jobs that were changed.")
    problems: list[BulkProblem]


class ActivityOfSpan(Document):
    """What ended in one span of time."""

    at: str = Field(description="When the span begins.")
    completed: int
    failed: int = Field(description="Failed or aborted.")
    p50_s: float | None = Field(
        description="So long took half of the jobs, in seconds; null when none ended."
    )
    p99_s: float | None


class ActivityOfSpans(BaseModel):
    """What ended over some time, span by span."""

    bucket_s: int = Field(description="How long each span is, in seconds.")
    buckets: list[ActivityOfSpan]


class Purged(BaseModel):
    """The jobs that waited in a queue were cancelled."""

    queue: str
    cancelled: int


class Pruned(BaseModel):
    """Ended jobs were deleted."""

    deleted: int
    left: int = Field(description="How many more there are to delete.")


class Feed(Document):
    """A feed, and how far its reader is behind."""

    name: str
    is_read: bool
    held_until: str | None
    waiting: int
    oldest_at: str | None
    behind_s: float
