"""How an ended job would run again, told by its history and its workflow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ergate.errors import UnknownStepError, UsageError
from ergate.jobs.events import (
    Advanced,
    Claim,
    Completed,
    Deferred,
    Delivered,
    Event,
    Failed,
    Outcome,
    RestartAsked,
    Settlement,
)
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection, apply, history_of, submitted
from ergate.restart import UNNAMED, RestartPlan, plan_restart
from ergate.workflows.paths import GoToEndPath, GoToStepPath
from ergate.workflows.workflow import Workflow


def letters() -> Workflow:
    workflow = Workflow("letters")

    @workflow.step(paths=[GoToStepPath("c", retval=int)])
    def a(n: int) -> int:
        return n

    @workflow.step(queue="slow")
    def b(n: int) -> int:
        return n

    @workflow.step(paths=[GoToEndPath()])
    def c(n: int) -> int:
        return n

    @workflow.step
    def d(n: int) -> int:
        return n

    return workflow


class Story:
    """A job, and what happens to it, by the one true function."""

    def __init__(self, **fields: object) -> None:
        values = {"id": "j", "workflow_name": "letters", "step_name": "a", **fields}
        self.record = JobRecord(**{"initial_input_value": "0", **values})  # type: ignore[arg-type]  # by name
        self.history: list[HistoryRow] = [submitted(self.record)]

    def ends(self, outcome: Outcome) -> Story:
        """Let a worker claim the job, run its step and settle this outcome."""
        self._apply(Claim("w", self.record.revision))
        return self._apply(Settlement("j", "w", self.record.revision, outcome))

    def goes(self, *steps: str) -> Story:
        """Let steps lead to these, each returning the name of the next one."""
        for step in steps:
            self.ends(Advanced(f'"to {step}"', "abcd".index(step), step, "default", 1.0))
        return self

    def receives(self, event: Delivered) -> Story:
        return self._apply(event)

    def restarts(self, plan: RestartPlan) -> Story:
        return self._apply(plan.event)

    def _apply(self, event: Event) -> Story:
        after = apply(self.record, event, 1.0)
        assert not isinstance(after, Rejection), after
        row = history_of(self.record, event, after)
        self.history += [] if row is None else [row]
        self.record = after
        return self

    def plan(
        self, from_step: str | None = None, edited: str | None = None, *, known: bool = True
    ) -> RestartPlan:
        workflow = letters() if known else None
        return plan_restart(
            self.record, self.history, workflow=workflow, from_step=from_step, input_text=edited
        )


FAILED = Failed("{}")
DONE = Completed('"done"')


def test_from_where_it_failed_it_gets_what_it_got() -> None:
    plan = Story().goes("b").ends(FAILED).plan()
    assert plan.event == RestartAsked(
        step=1,
        step_name="b",
        steps_completed=1,
        percent=25.0,
        queue="slow",
        input_json='"to b"',
        fingerprint=letters().fingerprint,
    )
    assert ([(one.step, one.result) for one in plan.kept], plan.again, plan.ahead) == (
        [("a", '"to b"')],
        ("b",),
        ("c", "d"),
    )


def test_a_completed_job_can_begin_at_any_step_that_it_passed() -> None:
    story = Story().goes("b", "c", "d").ends(DONE)
    events = [story.plan(step).event for step in "abcd"]
    assert [(one.step, one.steps_completed, one.percent, one.input_json) for one in events] == [
        (0, 0, 0.0, "0"),
        (1, 1, 25.0, '"to b"'),
        (2, 2, 50.0, '"to c"'),
        (3, 3, 75.0, '"to d"'),
    ]


def test_a_step_that_waited_for_something_outside_gets_again_what_was_delivered() -> None:
    story = Story().ends(Deferred(Advanced('"asked"', 1, "b", "slow", 25.0), pause_s=60.0))
    story.receives(Delivered(1, '"came"')).goes("c").ends(FAILED)
    assert story.plan("b").event.input_json == '"came"'
    assert story.plan("c").event.input_json == '"to c"'


def test_steps_that_were_jumped_over_are_not_counted() -> None:
    story = Story().goes("c", "d").ends(FAILED)
    assert story.plan("d").event.steps_completed == 2
    assert story.plan("a").ahead == ("b",)
    with pytest.raises(UnknownStepError, match="never reached"):
        story.plan("b")


def test_what_a_restart_took_back_does_not_count_any_more() -> None:
    story = Story().goes("b", "c").ends(FAILED)
    story.restarts(story.plan("a", "5")).goes("c").ends(FAILED)
    plan = story.plan()
    assert [one.step for one in plan.kept] == ["a"]
    assert plan.event.steps_completed == 1
    assert story.plan("a").event.input_json == "5"
    with pytest.raises(UnknownStepError, match="never reached"):
        story.plan("b")


def test_an_edited_input_stays_where_the_job_stopped() -> None:
    story = Story().goes("b").ends(FAILED)
    story.restarts(story.plan(edited="7")).ends(FAILED)
    assert story.plan().event.input_json == "7"
    assert story.plan("b").event.input_json == "7"


def test_an_edited_input_is_marked() -> None:
    story = Story().goes("b").ends(FAILED)
    assert (story.plan(edited="7").edited, story.plan().edited) == (True, False)


def test_after_a_restart_the_job_goes_on_as_planned() -> None:
    story = Story().goes("b", "c").ends(FAILED)
    story.restarts(story.plan("b"))
    record = story.record
    assert (record.status, record.step_name, record.input_json, record.queue) == (
        JobStatus.QUEUED,
        "b",
        '"to b"',
        "slow",
    )


def test_without_the_workflow_the_history_is_enough() -> None:
    story = Story().goes("b", "c").ends(FAILED)
    plan = story.plan("b", known=False)
    assert plan.event == RestartAsked(1, "b", 1, 0.0, "default", '"to b"', None)
    assert plan.ahead == ()


def test_a_first_step_that_was_never_named_keeps_its_position() -> None:
    story = Story(step_name=None).ends(FAILED)
    plan = story.plan(known=False)
    assert (plan.step, plan.event.step, plan.event.step_name) == (UNNAMED, 0, None)
    assert story.plan().step == "a"


def test_a_job_that_began_in_the_middle_keeps_its_count() -> None:
    story = Story(step_name="b", current_step=1, steps_completed=1, last_return_value="4")
    story.goes("c").ends(FAILED)
    assert story.plan().event.steps_completed == 2
    with pytest.raises(UsageError, match="--input"):
        story.plan("b")
    assert story.plan("b", "4").event.steps_completed == 1


def test_a_live_job_cannot_run_again() -> None:
    with pytest.raises(UsageError, match="is queued"):
        Story().plan()


def test_a_completed_job_must_be_told_from_where() -> None:
    with pytest.raises(UsageError, match="--from-step"):
        Story().goes("b").ends(DONE).plan()


def test_a_step_that_a_deploy_has_removed_is_told() -> None:
    story = Story().goes("b").ends(FAILED)
    story.record = replace(story.record, step_name="gone")
    story.history = [
        replace(row, next_step="gone" if row.next_step else None) for row in story.history
    ]
    with pytest.raises(UnknownStepError, match='has no step "gone"'):
        story.plan()
