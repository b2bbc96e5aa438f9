"""What is true about one job, as every state store keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from ergate.jobs.status import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job as it is stored: control fields as plain values, payloads as JSON text.

    Times are seconds since 1970-01-01 UTC on the store's clock.
    `revision` grows by one with each transition and is the fencing token: whoever wants to change
    the job must name the revision that it saw. `seq` grows by one with each applied step, and when
    a person lets an ended job run again from another step or with another input:
    `"<id>:<seq>"` is the idempotency key of a step.
    """

    id: str
    workflow_name: str
    queue: str = "default"
    """Where it waits, or waited when it was claimed."""
    home_queue: str = "default"
    """Where it was put at first; steps without a queue of their own wait there."""
    priority: int = 0
    """Higher runs first."""
    status: JobStatus = JobStatus.QUEUED
    """Never CANCELLING: that is RUNNING with `cancel_requested`, as people see it."""
    revision: int = 1
    seq: int = 0
    current_step: int = 0
    step_name: str | None = None
    """The step to run next; None means the one at `current_step`."""
    fingerprint: str | None = None
    """Of the workflow as it was when the step was named."""
    attempt: int = 0
    """How often the current step has failed with an exception."""
    deliveries: int = 0
    """How often the current step was claimed without any outcome, this claim included."""
    alone: bool = False
    """Whether it must run with no other job beside it, so that blame for a death is exact."""
    unroutable: int = 0
    """How often in a row a worker gave it back because it does not know the workflow or step."""
    worker_id: str | None = None
    claimed_at: float | None = None
    cancel_requested: bool = False
    due_at: float | None = None
    steps_completed: int = 0
    percent_completed: float = 0.0
    initial_input_value: str = "null"
    last_return_value: str = "null"
    user_context: str = "null"
    extra: str = "{}"
    """The fields that a subclass of `Job` adds, as one JSON object."""
    error: str | None = None
    """The last failure as the JSON of a `JobError`; kept while a retry waits."""
    requested_start_time: float | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    """When the last transition other than a claim happened."""
    finished_at: float | None = None

    @property
    def input_json(self) -> str:
        """The JSON text that the current step gets as its input."""
        return self.last_return_value if self.steps_completed else self.initial_input_value

    @property
    def shown_status(self) -> JobStatus:
        """The status as people see it: RUNNING with a cancel request is CANCELLING."""
        if self.cancel_requested and self.status is JobStatus.RUNNING:
            return JobStatus.CANCELLING
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One transition of one job; `(job_id, revision)` is unique.

    A claim has no row of its own: the row of the transition that ended the claim says
    which worker held it and since when.
    """

    job_id: str
    revision: int
    """The job's revision after the transition."""
    event: str
    """`applied` is a step whose outcome moved the job on; `(job_id, seq)` is unique among those."""
    status: JobStatus
    """The job's status after the transition."""
    seq: int
    """The seq of the step that the transition is about."""
    step_name: str | None
    next_step: str | None
    """After `applied`: the step that comes next, if any."""
    attempt: int
    worker_id: str | None
    claimed_at: float | None
    at: float
    result: str | None
    """After `applied`: the step's return value as JSON; after `delivered`: what was delivered."""
    detail: str | None
    """An error as the JSON of a `JobError`, or a plain sentence."""
