"""How long steps took: the smallest time that a share of all is not above."""

from __future__ import annotations

import pytest

from ergate.api.step_times import Times, within
from ergate.jobs.record import HistoryRow
from ergate.jobs.status import JobStatus


@pytest.mark.parametrize(
    ("values", "half", "most"),
    [([], None, None), ([3.0], 3.0, 3.0), ([2.0, 1.0], 1.0, 2.0), (range(1, 101), 50, 95)],
)
def test_a_share_of_all_lies_within(values: list[float], half: float, most: float) -> None:
    assert (within(values, 0.5), within(values, 0.95)) == (half, most)


def run(event: str, claimed_at: float | None, at: float) -> HistoryRow:
    return HistoryRow(
        job_id="a",
        revision=2,
        event=event,
        status=JobStatus.QUEUED,
        seq=0,
        step_name="one",
        next_step=None,
        attempt=0,
        worker_id="w",
        claimed_at=claimed_at,
        at=at,
        result=None,
        detail=None,
    )


def test_only_runs_with_a_beginning_count_and_a_clock_that_went_back_took_no_time() -> None:
    times = Times()
    for row in (run("applied", 1.0, 3.0), run("failed", 5.0, 4.0), run("failed", None, 9.0)):
        times.add(row)
    assert times.document() == {"runs": 2, "failures": 1, "p50_s": 0.0, "p95_s": 2.0}
