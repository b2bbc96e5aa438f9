"""What outside readers get of a transition."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ergate.contracts.feed import LARGEST, FeedRow, event_of
from ergate.contracts.journal import Entry
from ergate.jobs.errors import JobError
from ergate.jobs.record import HistoryRow
from ergate.testing import FakeClock
from ergate.testing.conformance.moves import COMPLETED, running, settled
from ergate_backends.memory.store import MemoryStore


def row(**changes: Any) -> HistoryRow:
    given: dict[str, Any] = asdict(settled_row()) | changes
    return HistoryRow(**given)


def settled_row() -> HistoryRow:
    store = MemoryStore(FakeClock())
    return store.history(settled(store, running(store), COMPLETED).id)[-1]


def test_an_event_has_everything_that_the_history_has() -> None:
    last = row(claimed_at=1_700_000_000.25, at=1_700_000_001.5, result='{"n":[1]}')
    assert event_of("order", last) == {
        "v": 1,
        "id": f"{last.job_id}:3",
        "job_id": last.job_id,
        "revision": 3,
        "workflow_name": "order",
        "event": "applied",
        "status": "completed",
        "seq": 0,
        "step_name": "one",
        "next_step": None,
        "attempt": 0,
        "worker_id": "worker-1",
        "claimed_at": "2023-11-14T22:13:20.250000Z",
        "at": "2023-11-14T22:13:21.500000Z",
        "result": {"n": [1]},
        "detail": None,
        "left_out": [],
    }


def test_an_event_is_kept_under_its_job() -> None:
    last = row()
    one = FeedRow(workflow_name="order", row=last, handle=7)
    assert one.to_entry() == Entry(
        last.job_id, json.dumps(event_of("order", last), separators=(",", ":")).encode()
    )


def test_an_error_is_an_object_and_a_sentence_is_a_text() -> None:
    error = JobError(type="ValueError", message="no", traceback="…", step_name="one")
    assert event_of("w", row(detail=error.to_json()))["detail"] == asdict(error)
    assert event_of("w", row(detail="{no json"))["detail"] == "{no json"
    assert event_of("w", row(detail="no workflow"))["detail"] == "no workflow"


def test_a_result_can_be_kept_back_and_the_event_says_so() -> None:
    event = event_of("w", row(result="[1]"), with_result=False)
    assert (event["result"], event["left_out"]) == (None, ["result"])
    nothing = event_of("w", row(result=None), with_result=False)
    assert (nothing["result"], nothing["left_out"]) == (None, [])


def test_what_is_larger_than_any_journal_takes_is_left_out() -> None:
    large = '"' + "x" * LARGEST + '"'
    event = event_of("w", row(result=large, detail=large))
    assert (event["result"], event["detail"]) == (None, None)
    assert event["left_out"] == ["result", "detail"]


def test_a_damaged_row_holds_up_nobody() -> None:
    event = event_of("w", row(at=1e300, result="[1", detail="\ud800"))
    assert (event["at"], event["result"]) == ("1e+300", "[1")
    FeedRow(workflow_name="w", row=row(detail="\ud800"), handle=1).to_entry()
