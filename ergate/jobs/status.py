"""The states a job can be in."""

from __future__ import annotations

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job stands; its JSON is the lower-case name."""

    PENDING = "pending"
    """On its way to another store: it cannot run here any more, and may have arrived there."""
    SCHEDULED = "scheduled"
    """Waits for a time: a requested start, a retry, or the pause after a worker's death."""
    QUEUED = "queued"
    """Ready: any worker of its queue may claim it."""
    RUNNING = "running"
    """A worker holds it under a lease."""
    CANCELLING = "cancelling"
    """Runs, and will be cancelled when its step ends."""
    COMPLETED = "completed"
    """Ended: its last step returned, or a step raised `GoToEnd`."""
    FAILED = "failed"
    """Ended: a step failed and may not be tried again."""
    ABORTED = "aborted"
    """Ended: a step raised `AbortJob`."""
    CANCELLED = "cancelled"
    """Ended: a person asked for it."""

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self in FINAL_STATUSES


FINAL_STATUSES = frozenset(
    {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.ABORTED, JobStatus.CANCELLED}
)
