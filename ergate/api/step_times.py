"""How long steps took and how often they failed, from the histories of the newest jobs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ergate.contracts.state_store import StateStore
from ergate.jobs.record import HistoryRow

FAILURES = frozenset({"retried", "failed", "aborted"})
RUNS = FAILURES | {"applied"}
"""The events that end a run of a step; what a worker gave back or lost is none."""


@dataclass(slots=True)
class Times:
    """The runs of one step, or of all that call one service."""

    took_s: list[float] = field(default_factory=list)
    failures: int = 0

    def add(self, row: HistoryRow) -> None:
        """Count one run."""
        if row.claimed_at is not None:
            self.took_s.append(max(0.0, row.at - row.claimed_at))
            self.failures += row.event in FAILURES

    def document(self) -> dict[str, object]:
        """Return the figures; times are null without a run."""
        return {
            "runs": len(self.took_s),
            "failures": self.failures,
            "p50_s": within(self.took_s, 0.5),
            "p95_s": within(self.took_s, 0.95),
        }


def within(values: Iterable[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of all are not above; None without any."""
    ordered = sorted(values)
    return round(ordered[math.ceil(share * len(ordered)) - 1], 6) if ordered else None


def runs_of(store: StateStore, job_ids: Iterable[str]) -> Iterable[HistoryRow]:
    """Yield the ends of all runs of steps of some jobs; one read of the store for each job."""
    for job_id in job_ids:
        yield from (row for row in store.history(job_id) if row.event in RUNS)


def times_by_step(rows: Iterable[HistoryRow]) -> Mapping[str, Times]:
    """Return the times of each step by its name."""
    times: dict[str, Times] = {}
    for row in rows:
        times.setdefault(row.step_name or "", Times()).add(row)
    return times
