"""Short ways to bring a job somewhere, and to compare it with what the reference says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import pytest

from ergate.contracts.state_store import StateStore, WorkerInfo
from ergate.jobs.errors import JobError
from ergate.jobs.events import (
    Aborted,
    Advanced,
    Claim,
    Completed,
    Deferred,
    Event,
    Failed,
    Outcome,
    Released,
    RestartAsked,
    Retried,
    Settlement,
    Unroutable,
)
from ergate.jobs.ids import new_id
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.transitions import apply, history_of

WORKER = "worker-1"
ERROR = JobError(type="ValueError", message="no", traceback="…", step_name="one").to_json()

# Servers keep microseconds, or compute a due time in another order: enough to tell times apart.
TIME_TOLERANCE_S = 0.01
_TIMES = {f.name for f in fields(JobRecord) if f.name.endswith("_at")} | {"at"}

ADVANCED = Advanced(
    result='{"n":2}', step=1, step_name="two", queue="default", percent=50.0, fingerprint="f2"
)
COMPLETED = Completed(result="[1,2]")
OUTCOMES: tuple[Outcome, ...] = (
    ADVANCED,
    COMPLETED,
    Retried(error=ERROR, pause_s=5.0),
    Failed(error=ERROR),
    Aborted(error=ERROR),
    Released(),
    Unroutable(reason="no workflow of this name", pause_s=5.0),
    Deferred(ADVANCED, pause_s=5.0),
)
ENDINGS: tuple[Outcome, ...] = (COMPLETED, Failed(error=ERROR), Aborted(error=ERROR))
each_outcome = pytest.mark.parametrize(
    "outcome", OUTCOMES, ids=[type(outcome).__name__ for outcome in OUTCOMES]
)
FROM_START = RestartAsked(
    step=0,
    step_name="one",
    steps_completed=0,
    percent=0.0,
    queue="default",
    input_json='{"n":7}',
    fingerprint="f3",
)


def job(**changes: Any) -> JobRecord:
    """Return a new job that is ready to be submitted, with `changes` to its fields."""
    given: dict[str, Any] = {
        "id": new_id(),
        "workflow_name": "conformance",
        "step_name": "one",
        "fingerprint": "f1",
        "initial_input_value": '{"n":1}',
        "created_at": 1_000.0,
        "updated_at": 1_000.0,
    }
    return JobRecord(**given | changes)


def submitted(store: StateStore, **changes: Any) -> JobRecord:
    """Submit one job and return it."""
    new = job(**changes)
    store.submit([new])
    return new


def running(store: StateStore, worker_id: str = WORKER, **changes: Any) -> JobRecord:
    """Submit one job to a queue of its own and claim it; return it as it is then."""
    queue = changes.setdefault("queue", f"queue-{new_id()}")
    submitted(store, **changes)
    (claimed,) = store.claim_ready([queue], 1, worker_id)
    return claimed


def ended(store: StateStore, **changes: Any) -> JobRecord:
    """Submit, claim and complete one job; return it as it is then."""
    return settled(store, running(store, **changes), COMPLETED)


def settled(store: StateStore, claimed: JobRecord, outcome: Outcome) -> JobRecord:
    """Settle a claimed job, which must not be refused; return it as it is then."""
    assert list(store.settle([settlement(claimed, outcome)]).refused) == []
    return stored(store, claimed.id)


def settlement(claimed: JobRecord, outcome: Outcome) -> Settlement:
    """Return the settlement that the holder of `claimed` writes."""
    return Settlement(claimed.id, claimed.worker_id or "", claimed.revision, outcome)


def stored(store: StateStore, job_id: str) -> JobRecord:
    """Return a job that must be there."""
    found = store.get(job_id)
    assert found is not None
    return found


def beat(store: StateStore, *worker_ids: str, lease_s: float) -> list[str]:
    """Send one heartbeat for each worker; return those whose lease was not live."""
    return list(store.heartbeat([worker(worker_id) for worker_id in worker_ids], lease_s))


def worker(worker_id: str) -> WorkerInfo:
    """Return a worker of an invented machine."""
    return WorkerInfo(
        worker_id=worker_id,
        host="host/boot/namespace",
        pid=4242,
        started_at=999.5,
        queues=("default", "mail"),
        concurrency=3,
    )


def claim_order(claimed: Sequence[JobRecord]) -> list[str]:
    """Return the ids in the order of the claim."""
    return [record.id for record in claimed]


def assert_same(actual: JobRecord | HistoryRow, expected: JobRecord | HistoryRow) -> None:
    """Assert that all fields are equal, and times as far as a server keeps them."""
    left, right = asdict(actual), asdict(expected)
    for name in _TIMES & set(left):
        if left[name] is not None and right[name] is not None:
            assert left.pop(name) == pytest.approx(right.pop(name), abs=TIME_TOLERANCE_S), name
    assert left == right


def assert_obeyed(store: StateStore, before: JobRecord, event: Event) -> None:
    """Assert that the job went from `before` to where the reference says, with its history."""
    after = stored(store, before.id)
    # A claim leaves `updated_at` alone, so that it tells since when the job was ready.
    at = after.claimed_at if isinstance(event, Claim) else after.updated_at
    expected = apply(before, event, at or 0.0)
    assert isinstance(expected, JobRecord), expected
    assert_same(after, expected)
    row = history_of(before, event, expected)
    if row is not None:
        assert_same(store.history(before.id)[-1], row)
