"""Activity: how many jobs ended in each span of time, and how long they took."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import unsupported
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus

SAMPLES = 400
"""Of a span in which more jobs ended than this, about so many are asked how long they took."""
FAILED_STATUSES = (JobStatus.FAILED, JobStatus.ABORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What ended from `at` on, until the next span begins.

    A job takes from its creation, or from the start that was asked for when that is later, to its
    end: pauses, retries and the wait in the queue count. CANCELLED jobs are left out everywhere: a
    person ended them, and neither their number nor their age says how the work goes.
    """

    at: float
    completed: int = 0
    failed: int = 0
    """FAILED and ABORTED."""
    p50_s: float | None = None
    """So long took the median of all these jobs, in seconds; None when there was none."""
    p99_s: float | None = None

    @classmethod
    def of(cls, at: float, completed: int, failed: int, took_s: Sequence[float]) -> Activity:
        """Return a span's figures from how long its jobs took, or some of them."""
        ordered = sorted(took_s)
        return cls(
            at=at,
            completed=completed,
            failed=failed,
            p50_s=_percentile(ordered, 0.50),
            p99_s=_percentile(ordered, 0.99),
        )


class Measurable:
    """What a state store can do for those who draw charts: needs `Capability.ACTIVITY`."""

    def activity(self, since: float, span_s: float, spans: int) -> Sequence[Activity]:
        """Return the figures of `spans` spans of `span_s` seconds each, the first from `since` on.

        A job counts in the span in which it ended last; one that was deleted, or runs again, does
        not count. A moment belongs to the span that it begins. Numbers are exact; percentiles are
        the nearest rank, exact up to `SAMPLES` jobs in a span, and from about so many of them
        beyond. The cost grows with what ended in these spans, not with what the store holds.
        """
        raise unsupported(self, Capability.ACTIVITY)


def spans_of(since: float, span_s: float, spans: int) -> Iterator[tuple[float, float]]:
    """Yield the beginning and the end of each span; one ends exactly where the next begins."""
    for number in range(spans):
        yield since + number * span_s, since + (number + 1) * span_s


def took_s(job: JobRecord) -> float:
    """Return how long an ended job took; clocks that disagree make it no less than 0."""
    begun_at = max(job.created_at, job.requested_start_time or job.created_at)
    return max(0.0, (job.finished_at or 0.0) - begun_at)


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None
