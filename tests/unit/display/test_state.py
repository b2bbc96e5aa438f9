from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.display.state import View, apply
from ergate.worker import events as ev
from tests.unit.display.telling import (
    AT,
    every_kind,
    run_started,
    step,
    worker_dead,
    worker_started,
)


def view_after(*events: ev.Event) -> View:
    view = View()
    for event in events:
        apply(view, event)
    return view


def test_a_worker_that_started_is_starting_until_it_is_ready() -> None:
    view = view_after(worker_started())
    before = view.workers[0].state_at(AT)
    apply(view, ev.WorkerReady(at=AT, worker_id="w0", pid=100))
    assert [before, view.workers[0].state_at(AT)] == ["starting", "idle"]


def test_a_worker_that_runs_steps_is_busy() -> None:
    running = ev.Running(at=AT, worker_id="w0", steps=(("j", "order", "charge", 3.0),))
    view = view_after(worker_started(), ev.WorkerReady(at=AT, worker_id="w0", pid=1), running)
    assert view.workers[0].state_at(AT) == "busy"


def test_a_worker_without_a_sign_of_life_is_silent_until_it_gives_one() -> None:
    view = view_after(worker_started(), ev.WorkerReady(at=AT, worker_id="w0", pid=100))
    before = view.workers[0].state_at(AT + 6)
    apply(view, ev.WorkerTick(at=AT + 6, worker_id="w0", in_hand=0))
    assert [before, view.workers[0].state_at(AT + 6)] == ["silent", "idle"]


def test_a_dead_worker_waits_for_its_successor() -> None:
    view = view_after(worker_started(), worker_dead(at=AT + 1, restart_s=2.0))
    worker = view.workers[0]
    assert [worker.state, worker.restart_at, worker.deaths] == ["waiting", AT + 3, 1]


def test_a_dead_worker_without_a_successor_is_gone() -> None:
    assert view_after(worker_started(), worker_dead(restart_s=None)).workers[0].state == "gone"


def test_an_expected_end_is_no_death() -> None:
    assert view_after(worker_started(), worker_dead(expected=True)).deaths == 0


def test_a_successor_takes_over_the_number_and_the_counts() -> None:
    view = view_after(
        worker_started(), step(), worker_dead(), worker_started(worker_id="w0b", pid=200)
    )
    worker = view.workers[0]
    assert [worker.pid, worker.settled, worker.deaths, worker.state] == [200, 1, 1, "starting"]


def test_the_death_of_a_predecessor_does_not_touch_its_successor() -> None:
    view = view_after(worker_started(), worker_started(worker_id="w0b"), worker_dead())
    assert view.workers[0].state == "starting"
    assert view.numbers == {"w0b": 0}


def test_a_worker_that_nobody_announced_still_counts() -> None:
    view = view_after(step("completed", worker_id="stranger"))
    assert [view.steps, view.workers] == [1, {}]


@pytest.mark.parametrize(
    "outcome", ["advanced", "completed", "retried", "failed", "aborted", "cancelled"]
)
def test_a_step_with_an_outcome_that_counts_is_measured(outcome: str) -> None:
    view = view_after(ev.StepsEnded(at=AT, steps=(step(outcome), step(outcome))))
    assert [view.steps, view.run_times.total, view.per_second.rate(AT + 1, 1)] == [2, 2, 2]


@pytest.mark.parametrize("outcome", ["released", "unroutable", "lease_lost"])
def test_a_step_that_never_ran_or_came_too_late_is_not_measured(outcome: str) -> None:
    view = view_after(step(outcome))
    assert [view.steps, view.run_times.total, view.outcomes[outcome]] == [0, 0, 1]


def test_jobs_that_failed_by_deaths_count_as_failed() -> None:
    recovered = ev.JobsRecovered(at=AT, worker_id="w", recovered=3, failed=1, reason="SIGKILL")
    view = view_after(step("failed"), step("completed"), recovered)
    assert [view.jobs_failed, view.jobs_ended, view.recovered] == [2, 3, 3]


def test_the_last_five_failures_are_kept() -> None:
    view = view_after(*(step("failed", job_id=str(n), error=f"e{n}") for n in range(7)))
    assert [failure.error for failure in view.failures] == ["e2", "e3", "e4", "e5", "e6"]


def test_a_trouble_stays_until_it_is_over() -> None:
    trouble = ev.Trouble(at=AT, what="The queue is down.", worker_id="w0")
    other = ev.Trouble(at=AT, what="The disk is full.")
    view = view_after(trouble, trouble, other)
    before = list(view.troubles)
    apply(view, ev.Trouble(at=AT, what="The queue is back.", worker_id="w0", is_over=True))
    assert [before, list(view.troubles)] == [[trouble, other], [other]]


def test_elapsed_is_from_the_first_event_to_the_last() -> None:
    view = view_after(run_started(at=AT), step(at=AT + 5), step(at=AT + 3))
    assert view.elapsed_s == 5


def test_queues_are_as_they_were_seen_last() -> None:
    rows = (("default", 1, 2, 3, 4.0),)
    view = view_after(ev.QueuesSeen(at=AT, queues=()), ev.QueuesSeen(at=AT + 1, queues=rows))
    assert [view.queues, view.queues_at] == [rows, AT + 1]


@given(st.permutations(every_kind("text")))
def test_events_in_any_order_leave_a_view(events: list[ev.Event]) -> None:
    view = view_after(*events)
    assert view.steps == 6
