"""What people see of the jobs: counts, queues and activity."""

from __future__ import annotations

from bisect import bisect_right

from ergate.contracts.activity import FAILED_STATUSES, Activity, spans_of, took_s
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


def activity(board: Board, since: float, span_s: float, spans: int) -> list[Activity]:
    """Return what ended in each span; nothing is left to samples here."""
    edges = [begin for begin, _ in spans_of(since, span_s, spans + 1)]
    ended: list[list[JobRecord]] = [[] for _ in range(spans)]
    for job in board.jobs.values():
        at = job.finished_at
        if at is not None and edges[0] <= at < edges[-1] and job.status is not JobStatus.CANCELLED:
            ended[bisect_right(edges, at) - 1].append(job)
    return [_figures(at, jobs) for at, jobs in zip(edges, ended, strict=False)]


def _figures(at: float, jobs: list[JobRecord]) -> Activity:
    failed = sum(job.status in FAILED_STATUSES for job in jobs)
    return Activity.of(at, len(jobs) - failed, failed, [took_s(job) for job in jobs])
