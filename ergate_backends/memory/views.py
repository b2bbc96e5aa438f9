"""What people see of the jobs: filters, counts and queues."""

from __future__ import annotations

from ergate.contracts.state_store import QueueStats
from ergate.jobs.events import Aborted, Completed, Failed, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate_backends.memory.board import Board


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
