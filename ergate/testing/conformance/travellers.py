"""Jobs as another store let them go, for the tests of moving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ergate.contracts.moving import Traveller
from ergate.jobs.events import Departed
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.transitions import apply, history_of, submitted
from ergate.testing.conformance.moves import assert_same, job

ELSEWHERE = "other://host/place"
LEAVES = Departed(ELSEWHERE)


def ids(travellers: Sequence[Traveller]) -> list[str]:
    """Return the ids of jobs, in their order."""
    return [traveller.job.id for traveller in travellers]


def revisions(*travellers: Traveller) -> dict[str, int]:
    """Return what `dismiss` takes for these."""
    return {traveller.job.id: traveller.job.revision for traveller in travellers}


def newcomer(**changes: object) -> Traveller:
    """Return a job as another store let it go: submitted, perhaps one step applied, departed."""
    new = job(**{name: value for name, value in changes.items() if name in ("id", "queue")})
    rows: list[HistoryRow] = [submitted(new)]
    waiting = replace(new, **changes)  # type: ignore[arg-type]  # fields of a record
    if waiting.seq:
        rows.append(_applied(new))
        waiting = replace(waiting, revision=3)
    gone = apply(waiting, LEAVES, 1_500.0)
    assert isinstance(gone, JobRecord), gone
    row = history_of(waiting, LEAVES, gone)
    assert row is not None
    return Traveller(gone, (*rows, row))


def _applied(new: JobRecord) -> HistoryRow:
    return replace(
        submitted(new),
        revision=3,
        event="applied",
        worker_id="far-away",
        claimed_at=1_100.0,
        at=1_200.0,
        result='"so far"',
    )


def went_on(left: Traveller, now: float) -> Traveller:
    """Return a job that arrived elsewhere and departed from there again."""
    there = left.arrived(now)
    gone = apply(there.job, Departed("back"), now)
    assert isinstance(gone, JobRecord), gone
    row = history_of(there.job, Departed("back"), gone)
    assert row is not None
    return Traveller(gone, (*there.history, row))


def assert_same_travellers(actual: Traveller, expected: Traveller) -> None:
    """Assert that job and history are equal, as far as a store keeps them."""
    assert_same(actual.job, expected.job)
    for row, row_expected in zip(actual.history, expected.history, strict=True):
        assert_same(row, row_expected)
