from __future__ import annotations

import pytest

from ergate.display.wording import DEBUG, ERROR, INFO, LEVEL_NAMES, STEP_LEVELS, WARNING, said
from ergate.worker import events as ev
from tests.unit.display.telling import AT, every_kind, step, worker_dead


def level_and_message(event: ev.Event) -> tuple[str, str]:
    (item,) = said(event)
    return LEVEL_NAMES[item.level], item.message


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        ("advanced", "debug"),
        ("released", "debug"),
        ("completed", "info"),
        ("cancelled", "info"),
        ("aborted", "warning"),
        ("retried", "warning"),
        ("unroutable", "warning"),
        ("lease_lost", "warning"),
        ("failed", "error"),
        ("something new", "warning"),
    ],
)
def test_a_step_matters_as_much_as_its_outcome(outcome: str, level: str) -> None:
    assert level_and_message(step(outcome))[0] == level


def test_a_retry_says_when_it_runs_again() -> None:
    assert level_and_message(step("retried", pause_s=2.0)) == (
        "warning",
        "Step failed and runs again in 2.0s",
    )


def test_an_unroutable_job_says_what_to_do() -> None:
    message = level_and_message(step("unroutable", pause_s=1.0))[1]
    assert "offered again in 1.0s; start a worker whose app has it" in message


def test_an_unexpected_death_is_a_warning_that_says_what_follows() -> None:
    assert level_and_message(worker_dead(2)) == (
        "warning",
        (
            "Worker 2 died (killed by SIGKILL); "
            "its jobs go back to their queues and a new one starts in 2.0s"
        ),
    )


def test_an_expected_end_is_information() -> None:
    assert level_and_message(worker_dead(2, expected=True, restart_s=None, reason="replaced")) == (
        "info",
        "Worker 2 ended (replaced); it gets no successor",
    )


def test_jobs_that_failed_with_their_worker_are_an_error() -> None:
    event = ev.JobsRecovered(at=AT, worker_id="w", recovered=1, failed=2, reason="SIGSEGV")
    assert level_and_message(event) == (
        "error",
        (
            "1 job of a dead worker is queued again; "
            "2 jobs failed for good: too many deaths in one step"
        ),
    )


def test_a_trouble_is_a_warning_and_its_end_is_not() -> None:
    levels = [
        level_and_message(ev.Trouble(at=AT, what="x", is_over=over))[0] for over in (False, True)
    ]
    assert levels == ["warning", "info"]


def test_a_batch_is_said_step_by_step() -> None:
    batch = ev.StepsEnded(at=AT, steps=(step("completed"), step("failed")))
    assert [item.name for item in said(batch)] == ["job_completed", "job_failed"]


def test_what_matters_less_is_not_said() -> None:
    batch = ev.StepsEnded(at=AT, steps=(step("advanced"), step("completed"), step("retried")))
    names = [[item.name for item in said(batch, level)] for level in (DEBUG, INFO, WARNING, ERROR)]
    assert names == [
        ["step_advanced", "job_completed", "step_retried"],
        ["job_completed", "step_retried"],
        ["step_retried"],
        [],
    ]


def test_every_kind_of_event_has_words() -> None:
    kinds = {
        kind for kind in vars(ev).values() if isinstance(kind, type) and issubclass(kind, ev.Event)
    }
    told = [event for event in every_kind("x") if list(said(event))]
    assert {type(event) for event in told} == kinds - {ev.Event}


def test_no_field_hides_what_each_line_has() -> None:
    reserved = {"timestamp", "level", "event", "message"}
    items = [item for event in every_kind("x") for item in said(event)]
    assert [item.name for item in items if reserved & set(item.fields)] == []


def test_every_ending_has_a_level() -> None:
    assert ev.ENDINGS - STEP_LEVELS.keys() == set()
