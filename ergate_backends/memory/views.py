"""What people see of the jobs: filters, counts and queues."""

from __future__ import annotations

from ergate.contracts.state_store import JobFilter, QueueStats
from ergate.jobs.events import Aborted, Completed, Failed, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate_backends.memory.board import Board


def matches(which: JobFilter, job: JobRecord) -> bool:
    """Return whether `job` is one of those that the filter asks for, as people see its status."""
    return (
        which.status in (None, job.shown_status)
        and which.workflow in (None, job.workflow_name)
        and which.queue in (None, job.queue)
        and (which.since is None or job.created_at >= which.since)
        and (which.finished_before is None or _finished_before(job, which.finished_before))
    )


def _finished_before(job: JobRecord, moment: float) -> bool:
    return job.finished_at is not None and job.finished_at < moment


def surprising_status(settlement: Settlement, after: JobRecord) -> bool:
    """Return whether a cancel request changed where the outcome leads."""
    ends = isinstance(settlement.outcome, Completed | Failed | Aborted)
    return after.status is JobStatus.CANCELLED and not ends


def queue_stats(board: Board) -> list[QueueStats]:
    """Return the queues of all jobs that have not ended, in the order of their names."""
    live: dict[str, list[JobStatus]] = {}
    for job in board.jobs.values():
        if not job.status.is_final:
            live.setdefault(job.queue, []).append(job.status)
    return [
        QueueStats(
            queue=queue,
            ready=statuses.count(JobStatus.QUEUED),
            scheduled=statuses.count(JobStatus.SCHEDULED),
            running=statuses.count(JobStatus.RUNNING),
            oldest_ready_at=min(board.ready.ready_since(queue), default=None),
            next_due_at=board.next_due(queue),
        )
        for queue, statuses in sorted(live.items())
    ]
