"""Activity: what ended in each span of time, read from one index."""

from __future__ import annotations

import sqlite3

from ergate.contracts.activity import FAILED_STATUSES, SAMPLES, Activity, spans_of
from ergate.jobs.status import JobStatus

_ENDED = """
    FROM jobs INDEXED BY jobs_ended
    WHERE finished_at >= ? AND finished_at < ? AND status <> 'cancelled'
"""
NUMBERS = f"SELECT status, count(*) {_ENDED} GROUP BY status"
# The product spreads the jobs over all 32-bit numbers without a pattern, so that those below a
# limit are that share of every workflow and of every moment.
TOOK = f"""
    SELECT max(0.0, finished_at - max(created_at, ifnull(requested_start_time, created_at)))
    {_ENDED} AND n % 2147483648 * 2654435761 % 4294967296 < ?
"""


def activity(tx: sqlite3.Connection, since: float, span_s: float, spans: int) -> list[Activity]:
    """Return what ended in each span."""
    return [_figures(tx, *span) for span in spans_of(since, span_s, spans)]


def _figures(tx: sqlite3.Connection, begin: float, end: float) -> Activity:
    numbers: dict[str, int] = dict(tx.execute(NUMBERS, (begin, end)).fetchall())
    ended = sum(numbers.values())
    if not ended:
        return Activity(at=begin)
    limit = 2**32 * SAMPLES // max(ended, SAMPLES)
    took_s = [took for (took,) in tx.execute(TOOK, (begin, end, limit))]
    failed = sum(numbers.get(status, 0) for status in FAILED_STATUSES)
    return Activity.of(begin, numbers.get(JobStatus.COMPLETED, 0), failed, took_s)
