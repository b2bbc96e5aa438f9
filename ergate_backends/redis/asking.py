"""What people ask: lists, counts, queues; and the end of what nobody asks about any more."""

from __future__ import annotations

from collections.abc import Iterator

from ergate.contracts.state_store import JobFilter, QueueStats
from ergate.jobs.record import JobRecord
from ergate.jobs.status import FINAL_STATUSES, JobStatus
from ergate_backends.redis.ordering import read
from ergate_backends.redis.server import Server

PAGE = 200
SKEW_S = 3600.0
"""How much earlier than its creation a job may have ended, by two clocks that disagree."""


def listed(server: Server, which: JobFilter, limit: int, offset: int) -> list[JobRecord]:
    """Return jobs, the newest first."""
    found: list[JobRecord] = []
    if limit <= 0:
        return found
    skipped = offset if _is_index(which) else 0
    for job in _jobs(server, which, skipped):
        found.append(job)
        if len(found) >= offset - skipped + limit:
            break
    return found[offset - skipped :]


def count(server: Server, which: JobFilter) -> dict[JobStatus, int]:
    """Return how many jobs there are by status."""
    if which == JobFilter():
        return _all_counts(server)
    counts: dict[JobStatus, int] = {}
    for job in _jobs(server, which):
        counts[job.shown_status] = counts.get(job.shown_status, 0) + 1
    return counts


def _all_counts(server: Server) -> dict[JobStatus, int]:
    kept = [status for status in JobStatus if status is not JobStatus.CANCELLING]
    numbers = server.command("HMGET", server.key("counts"), *kept)
    counts: dict[JobStatus, int] = {
        status: int(number or 0) for status, number in zip(kept, numbers, strict=True)
    }
    cancelling = int(server.command("SCARD", server.key("cancelling")))
    counts[JobStatus.CANCELLING] = cancelling
    counts[JobStatus.RUNNING] -= cancelling
    return {status: number for status, number in counts.items() if number > 0}


def _jobs(server: Server, which: JobFilter, first: int = 0) -> Iterator[JobRecord]:
    """Yield the jobs that a filter asks for, the newest first, from the smallest index."""
    live = _live(server, which.status)
    if live is not None:
        _, jobs = read(server, live)
        newest = sorted(jobs.values(), key=lambda job: (job.created_at, job.id), reverse=True)
        yield from (job for job in newest[first:] if which.matches(job))
        return
    while ids := _page(server, which, first):
        first += len(ids)
        _, jobs = read(server, ids)
        yield from (job for job_id in ids if (job := jobs.get(job_id)) and which.matches(job))


def _live(server: Server, status: JobStatus | None) -> list[str] | None:
    """Return the ids of all jobs of a status that few have; None when an index must be read."""
    lists: list[tuple[str, ...]]
    if status is JobStatus.CANCELLING:
        lists = [("SMEMBERS", server.key("cancelling"))]
    elif status is JobStatus.RUNNING:
        holders = server.command("SMEMBERS", server.key("holders"))
        lists = [("HKEYS", server.key("held", holder.decode())) for holder in holders]
    elif status is JobStatus.SCHEDULED:
        names = server.command("SMEMBERS", server.key("queues"))
        lists = [("ZRANGE", server.key("due", name.decode()), "0", "-1") for name in names]
    else:
        return None
    return [job_id.decode() for words in lists for job_id in server.command(*words)]


def _page(server: Server, which: JobFilter, first: int) -> list[str]:
    if which.status in FINAL_STATUSES or which.status is JobStatus.PENDING:
        index = server.key("status", which.status)
    elif which.workflow is not None:
        index = server.key("workflow", which.workflow)
    else:
        index = server.key("jobs")
    oldest = "-inf" if which.since is None else repr(float(which.since))
    page = server.command("ZREVRANGEBYSCORE", index, "+inf", oldest, "LIMIT", first, PAGE)
    return [job_id.decode() for job_id in page]


def _is_index(which: JobFilter) -> bool:
    """Whether one index holds exactly the jobs that a filter asks for."""
    has_status = which.status in FINAL_STATUSES or which.status is JobStatus.PENDING
    if which.queue is not None or which.finished_before is not None:
        return False
    return (has_status and which.workflow is None) or which.status is None


def prune(server: Server, which: JobFilter, limit: int) -> int:
    """Delete up to `limit` ended jobs with their history, the oldest first."""
    gone = 0
    statuses = FINAL_STATUSES if which.status is None else FINAL_STATUSES & {which.status}
    for status in sorted(statuses):
        while gone < limit:
            ids = _oldest(server, status, which, limit - gone)
            if not ids:
                break
            gone += int(server.run("forget", *ids))
    return gone


def _oldest(server: Server, status: JobStatus, which: JobFilter, limit: int) -> list[str]:
    """Return ended jobs that the filter names; one page is read after the other until some are."""
    latest = "+inf" if which.finished_before is None else repr(which.finished_before + SKEW_S)
    index, first = server.key("status", status), 0
    while True:
        page = server.command("ZRANGEBYSCORE", index, "-inf", latest, "LIMIT", first, PAGE)
        ids = [job_id.decode() for job_id in page]
        if not ids:
            return []
        _, jobs = read(server, ids)
        found = [job.id for job in jobs.values() if which.matches(job)]
        if found:
            return found[:limit]
        first += len(ids)


def queues(server: Server) -> list[QueueStats]:
    """Return what waits in each queue that has live jobs."""
    found = [
        QueueStats(
            queue=queue.decode(),
            ready=ready,
            scheduled=scheduled,
            running=running,
            oldest_ready_at=int(mark) / 1e6 if mark else None,
            next_due_at=float(due) if due else None,
        )
        for queue, ready, scheduled, running, mark, due in server.run("queues", repeatable=True)
        if ready or scheduled or running
    ]
    return sorted(found, key=lambda stats: stats.queue)
