from __future__ import annotations

from ergate.display.state import View, apply
from ergate.display.summary import summary, summary_lines
from ergate.worker import events as ev
from tests.unit.display.telling import AT, run_started, step, worker_dead


def view_of_a_run() -> View:
    view = View()
    told: list[ev.Event] = [
        run_started(),
        step("advanced", run_s=0.1),
        step("retried", pause_s=1, run_s=0.1),
        step("completed", run_s=0.1),
        step("failed", run_s=0.1, at=AT + 2),
        step("aborted", run_s=0.1),
        worker_dead(),
        ev.JobsRecovered(at=AT, worker_id="w0", recovered=2, failed=1, reason="SIGKILL"),
        ev.RunEnded(at=AT + 2, exit_code=0),
    ]
    for event in told:
        apply(view, event)
    return view


def test_the_summary_has_every_figure() -> None:
    assert summary(view_of_a_run()) == {
        "jobs": 4,
        "completed": 1,
        "failed": 2,
        "aborted": 1,
        "cancelled": 0,
        "steps": 5,
        "retries": 1,
        "recovered": 2,
        "worker_deaths": 1,
        "steps_per_s": 2.5,
        "run_p50_s": 0.0972,
        "run_p99_s": 0.0972,
        "elapsed_s": 2.0,
    }


def test_the_summary_reads_in_four_lines() -> None:
    assert summary_lines(view_of_a_run()) == [
        "Jobs      1 completed · 2 failed · 1 aborted",
        "Steps     5 · 2.5/s · p50 97ms · p99 97ms",
        "Failures  2 jobs · 1 retry · 1 worker death · 2 jobs recovered",
        "Elapsed   2.0s",
    ]


def test_a_run_that_did_nothing_has_a_summary_too() -> None:
    assert summary_lines(View())[1] == "Steps     0 · 0/s · p50 - · p99 -"
