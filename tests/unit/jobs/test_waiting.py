"""What comes from outside for a job that waits, and for which jobs it is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from ergate.jobs.events import CameDue, Claim, Delivered, Event, Postponed, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection, apply, event_name, history_of

NOW = 1000.0
WAITING = JobRecord(
    id="a",
    workflow_name="w",
    step_name="two",
    status=JobStatus.SCHEDULED,
    due_at=5000.0,
    revision=4,
    seq=1,
    steps_completed=1,
    initial_input_value="1",
    last_return_value="2",
)


def test_a_delivery_takes_the_place_of_what_the_step_before_returned() -> None:
    after = apply(WAITING, Delivered(1, "3"), NOW)
    assert after == replace(
        WAITING,
        status=JobStatus.QUEUED,
        due_at=None,
        revision=5,
        last_return_value="3",
        updated_at=NOW,
    )


def test_a_delivery_before_the_first_step_is_the_input_of_the_job() -> None:
    new = replace(WAITING, seq=0, steps_completed=0, last_return_value="null")
    after = apply(new, Delivered(0, "3"), NOW)
    assert isinstance(after, JobRecord)
    assert (after.initial_input_value, after.last_return_value) == ("3", "null")


def test_the_history_says_what_was_delivered() -> None:
    after = apply(WAITING, Delivered(1, "3"), NOW)
    assert isinstance(after, JobRecord)
    row = history_of(WAITING, Delivered(1, "3"), after)
    assert row is not None
    assert (row.event, row.result, row.seq, row.revision) == ("delivered", "3", 1, 5)


def test_a_postponement_changes_the_due_time_and_nothing_else() -> None:
    event = Postponed(1, 9000.0)
    after = apply(WAITING, event, NOW)
    assert after == replace(WAITING, due_at=9000.0)
    assert isinstance(after, JobRecord)
    assert history_of(WAITING, event, after) is None
    assert apply(after, CameDue(), 8999.0) == Rejection("not scheduled, or not due yet")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": JobStatus.QUEUED, "due_at": None}, "not waiting: it is queued"),
        ({"status": JobStatus.RUNNING, "worker_id": "w"}, "not waiting: it is running"),
        ({"status": JobStatus.COMPLETED, "seq": 3}, "not waiting: it is completed"),
        ({"status": JobStatus.PENDING}, "on its way to another store"),
        ({"seq": 2}, "already at seq 2: what waited at seq 1 has gone on"),
        ({"seq": 0}, "at seq 0, and has not come to seq 1 yet"),
        ({"attempt": 1}, "its step has been tried"),
        ({"deliveries": 1}, "its step has been tried"),
        ({"unroutable": 1}, "its step has been tried"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_what_comes_for_a_job_that_does_not_wait_for_it_is_refused(
    changes: dict[str, object], reason: str
) -> None:
    record = replace(WAITING, **changes)  # type: ignore[arg-type]  # fields by their names
    for event in (Delivered(1, "3"), Postponed(1, 9000.0)):
        refused = apply(record, event, NOW)
        assert isinstance(refused, Rejection)
        assert reason in refused.reason


def test_a_time_that_is_not_finite_is_refused() -> None:
    refused = apply(WAITING, Postponed(1, float("nan")), NOW)
    assert refused == Rejection("asked to wait until a time that is not finite")


def test_every_event_has_a_word_in_the_history() -> None:
    plain = [event for event in get_args(Event) if event is not Settlement]
    names = {event_name(event.__new__(event)) for event in plain}
    assert len(names) == len(plain)
    assert event_name(Claim("w", 1)) == "claimed"
