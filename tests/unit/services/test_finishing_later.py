"""A service that declares it may finish later: its call ends at once, and a step waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from ergate import Job, JobStatus
from ergate.contracts.state_store import StateStore
from ergate.errors import PayloadError
from ergate.jobs.codec import Limits
from ergate.restart import plan_restart
from ergate.services.answering import AlreadyTaken, Answers, TooEarly, TooLate
from ergate.services.awaiting import AnswerUnfit, DeclaredWorkflow
from ergate.services.callback import WaitingPlace
from ergate.services.checking import check_definition
from ergate.services.compiling import CallContext, compile_plan
from ergate.services.failures import ServiceUnavailable
from ergate.services.replies import Unfinished
from ergate.services.service import Service
from ergate.testing import FakeClock, Harness
from ergate.workflows.registry import Registry
from tests.unit.services.definitions import call, faults_of_service, service, state, workflow

PRINT = service(
    "print",
    "page:string",
    "sheets:int",
    errors=["PaperJam"],
    finishes_within_s=3600,
)
ALIVE = PRINT.model_copy(update={"heartbeat_s": 60.0})
UPPER = service("upper", "page:string", "page:string")
STRAIGHT = {
    **workflow(inputs="page:string", outputs="sheets:int"),
    "operations": [
        call("press", "print", catch=[{"errors": ["*"], "next": "sorry"}]),
        state("done", "succeed"),
        state("sorry", "fail", error="NotPrinted", cause="$.error.message"),
    ],
}
UNCAUGHT = {
    **workflow(inputs="page:string", outputs="sheets:int"),
    "operations": [call("press", "print")],
}


@dataclass
class Printer:
    """Stands in for services: says one thing after the other, at the end the last for ever."""

    replies: list[object] = field(default_factory=lambda: [Unfinished(0.1)])
    contexts: list[CallContext] = field(default_factory=list)

    def __call__(
        self, service: Service, data: dict[str, Any], context: CallContext
    ) -> Mapping[str, object] | Unfinished:
        self.contexts.append(context)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        assert isinstance(reply, Unfinished | dict)
        return reply


@dataclass
class Shop:
    """A job at work, and what services may tell of it."""

    harness: Harness[Job]
    workflow: DeclaredWorkflow
    printer: Printer
    store: StateStore
    answers: Answers
    job_id: str

    @property
    def job(self) -> Job:
        return self.harness.job(self.job_id)

    @property
    def place(self) -> WaitingPlace:
        """Where the one call that was made offered an answer."""
        last = self.printer.contexts[-1].id
        return WaitingPlace(last.job_id, last.seq + 1)

    @property
    def outcome(self) -> tuple[JobStatus, object]:
        job = self.job
        return job.status, job.error.message if job.error else job.last_return_value

    def finish(self, **told: object) -> None:
        self.answers.finish(self.place, told)

    def run(self) -> None:
        self.harness.run_until_idle()


@contextmanager
def shop(
    document: Any = STRAIGHT,
    printing: Service = PRINT,
    printer: Printer | None = None,
    limits: Limits | None = None,
) -> Iterator[Shop]:
    services, printer = [printing, UPPER], printer or Printer()
    made = compile_plan(check_definition(document, services), services, printer)
    registry = Registry()
    registry.register(made)
    with Harness(made, clock=FakeClock()) as harness:
        store = harness._store
        answers = Answers(store, registry, limits or Limits(), harness.clock)
        job = harness.enqueue("w", {"page": "p"})
        harness.run_until_idle()
        yield Shop(harness, made, printer, store, answers, str(job.id))


# --- what the workflow looks like -----------------------------------------------------------------


def test_behind_the_call_stands_a_step_that_waits() -> None:
    with shop() as at:
        assert [step.name for step in at.workflow] == ["press", "press:answer", "done", "sorry"]
        assert at.workflow.graph.successors[:2] == ((1, 2, 3), (2, 3))


def test_other_calls_have_none() -> None:
    plain = {**UNCAUGHT, "operations": [call("up", "upper"), call("press", "print")]}
    with shop(plain, printer=Printer([{"page": "P"}, {"sheets": 1}])) as at:
        assert [step.name for step in at.workflow] == ["up", "press", "press:answer"]
        assert at.outcome == (JobStatus.COMPLETED, {"sheets": 1})


def test_an_answer_at_once_goes_past_the_step() -> None:
    with shop(printer=Printer([{"sheets": 2}])) as at:
        assert at.outcome == (JobStatus.COMPLETED, {"sheets": 2})
        assert (at.job.steps_completed, at.job.percent_completed) == (2, 100.0)
        with pytest.raises(TooLate):
            at.finish(sheets=1)


# --- the answer -----------------------------------------------------------------------------------


def test_a_job_waits_without_a_worker_until_the_answer_comes() -> None:
    with shop() as at:
        assert (at.job.status, at.job.step_name) == (JobStatus.SCHEDULED, "press:answer")
        assert at.job.percent_completed == pytest.approx(100 / 3)
        at.finish(sheets=2, more="is dropped")
        at.run()
        assert at.outcome == (JobStatus.COMPLETED, {"sheets": 2})
        assert len(at.printer.contexts) == 1


def test_the_first_answer_is_taken_and_all_others_are_refused() -> None:
    with shop() as at:
        at.finish(sheets=2)
        for _ in ("before it runs", "after it has ended"):
            with pytest.raises(AlreadyTaken):
                at.finish(sheets=3)
            with pytest.raises(AlreadyTaken):
                at.answers.heartbeat(at.place)
            at.run()
        assert at.outcome == (JobStatus.COMPLETED, {"sheets": 2})


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({}, "sheets is missing; it must be int."),
        ({"sheets": "2"}, 'sheets: must be int, not string "2".'),
        ({"error": {}}, 'error: must be an object such as {"name": …, "message": …}.'),
        ({"error": 5}, 'error: must be an object such as {"name": …, "message": …}.'),
    ],
)
def test_what_is_not_declared_is_refused_and_can_be_told_again(
    told: dict[str, object], fault: str
) -> None:
    with shop() as at:
        with pytest.raises(AnswerUnfit) as refused:
            at.finish(**told)
        assert [text.replace("sheets: is", "sheets is") for text in refused.value.faults] == [fault]
        at.finish(sheets=2)
        at.run()
        assert at.outcome == (JobStatus.COMPLETED, {"sheets": 2})


def test_an_answer_without_what_is_kept_of_it_is_refused() -> None:
    outputs = service("x", "", "sheets:int tray:object").outputs
    detailed = PRINT.model_copy(update={"outputs": outputs})
    kept = {
        **workflow(inputs="page:string"),
        "operations": [call("press", "print", output={"tray": "$.tray.number"})],
    }
    with shop(kept, detailed) as at:
        with pytest.raises(AnswerUnfit, match="without what is kept of it"):
            at.finish(sheets=2, tray={})
        at.finish(sheets=2, tray={"number": 1})
        at.run()
        assert at.job.status is JobStatus.COMPLETED


def test_an_answer_that_cannot_be_stored_is_refused() -> None:
    with shop(limits=Limits(max_bytes=60)) as at:
        with pytest.raises(PayloadError, match="together with the data so far"):
            at.finish(error={"message": "x" * 60})
        at.finish(error={"message": "x"})


def test_an_error_is_known_by_its_name_and_told_in_its_words() -> None:
    caught = {**STRAIGHT, "operations": [
        call("press", "print", catch=[{"errors": ["PaperJam"], "next": "sorry"}]),
        state("done", "succeed"),
        state("sorry", "fail", error="NotPrinted", cause="$.error.name"),
    ]}  # fmt: skip
    with shop(caught) as at:
        at.finish(error={"name": "PaperJam", "message": "Tray 2"})
        at.run()
        assert at.outcome == (JobStatus.FAILED, "PaperJam")
    with shop(caught) as at:
        at.finish(error={"name": "Fire", "message": "Call\x1b[2J\nsomebody."})
        at.run()
        told = 'Service "print" took the work on and then failed: Call�[2J somebody.'
        assert at.outcome == (JobStatus.FAILED, told)
        assert at.job.error is not None
        assert at.job.error.type == "ServiceError"


def test_the_address_is_not_kept_when_the_service_repeats_it() -> None:
    with shop(UNCAUGHT) as at:
        url = "https://ergate.example/c/job.1.signature"
        error = {"error": {"message": f"cannot post to {url} (job.1.signature)"}}
        at.answers.finish(at.place, error, (url, "job.1.signature"))
        at.run()
        assert "signature" not in str(at.outcome)
        assert "signature" not in str(at.harness.history(at.job_id))


def test_a_failure_that_came_later_is_not_called_again() -> None:
    again = {**UNCAUGHT, "operations": [
        call("press", "print", retry=[{"errors": ["*"], "attempts": 5}])
    ]}  # fmt: skip
    with shop(again) as at:
        at.finish(error={"name": "PaperJam"})
        at.run()
        assert at.job.status is JobStatus.FAILED
        assert len(at.printer.contexts) == 1


# --- too early ------------------------------------------------------------------------------------


def test_an_answer_to_a_call_that_is_being_retried_is_too_early() -> None:
    with shop(printer=Printer([ServiceUnavailable("gone"), Unfinished(0.1)])) as at:
        with pytest.raises(TooEarly):
            at.finish(sheets=2)
        with pytest.raises(TooEarly):
            at.answers.heartbeat(at.place)
        at.harness.advance(5)
        keys = {context.id.idempotency_key for context in at.printer.contexts}
        assert keys == {f"{at.job_id}:0"}
        at.finish(sheets=2)


# --- time -----------------------------------------------------------------------------------------


def test_without_an_answer_in_time_the_error_is_caught() -> None:
    with shop() as at:
        at.harness.advance(3599)
        assert str(at.job.status) == "scheduled"
        at.harness.advance(2)
        told = 'Service "print" took the work on and did not finish it in time: it has 3600 s.'
        assert at.outcome == (JobStatus.FAILED, told)
        assert at.job.error is not None
        assert at.job.error.type == "NotPrinted"
        assert len(at.printer.contexts) == 1
        with pytest.raises(TooLate):
            at.finish(sheets=2)


def test_silence_for_longer_than_a_heartbeat_ends_the_wait() -> None:
    with shop(UNCAUGHT, ALIVE) as at:
        at.harness.advance(61)
        assert at.outcome == (
            JobStatus.FAILED,
            (
                'Service "print" took the work on and did not finish it in time: it has 3600 s, '
                "with a heartbeat at least every 60 s."
            ),
        )


def test_heartbeats_let_it_wait_but_never_beyond_the_end() -> None:
    with shop(UNCAUGHT, ALIVE) as at:
        began = at.harness.clock.now()
        for beat in range(1, 60):
            at.harness.advance(59)
            assert at.answers.heartbeat(at.place) == pytest.approx(began + beat * 59 + 60)
        at.harness.advance(59.5)
        assert at.answers.heartbeat(at.place) == pytest.approx(began + 3600)
        assert str(at.job.status) == "scheduled"
        at.harness.advance(60)
        assert at.outcome[0] is JobStatus.FAILED
        assert [row.event for row in at.harness.history(at.job_id)] == [
            "submitted", "applied", "due", "failed",
        ]  # fmt: skip


def test_a_heartbeat_that_nobody_asked_for_changes_nothing() -> None:
    with shop() as at:
        began = at.harness.clock.now()
        at.harness.advance(100)
        assert at.answers.heartbeat(at.place) == pytest.approx(began + 3600)


# --- what people do -------------------------------------------------------------------------------


def test_a_cancelled_job_takes_no_answer() -> None:
    with shop() as at:
        at.store.cancel(at.job_id)
        with pytest.raises(TooLate):
            at.finish(sheets=2)


def test_a_job_that_is_gone_takes_no_answer() -> None:
    with shop() as at, pytest.raises(TooLate):
        at.answers.finish(WaitingPlace("nobody", 1), {"sheets": 2})


def test_a_restart_calls_again_instead_of_waiting_for_nobody() -> None:
    with shop(UNCAUGHT) as at:
        old = at.place
        at.harness.advance(3601)
        record = at.store.get(at.job_id)
        assert record is not None
        plan = plan_restart(record, at.store.history(at.job_id), workflow=at.workflow)
        assert (plan.step, plan.again) == ("press", ("press", "press:answer"))
        at.store.restart(at.job_id, plan.event)
        at.run()
        first, second = (context.id.idempotency_key for context in at.printer.contexts)
        assert first != second
        with pytest.raises(TooLate):
            at.answers.finish(old, {"sheets": 1})
        at.finish(sheets=2)
        at.run()
        assert at.outcome == (JobStatus.COMPLETED, {"sheets": 2})


def test_the_step_that_waits_can_be_given_its_answer_by_hand() -> None:
    with shop(UNCAUGHT) as at:
        at.harness.advance(3601)
        record = at.store.get(at.job_id)
        assert record is not None
        plan = plan_restart(
            record,
            at.store.history(at.job_id),
            workflow=at.workflow,
            from_step="press:answer",
            input_text='{"page":"p",":answer":{"outputs":{"sheets":9}}}',
        )
        at.store.restart(at.job_id, plan.event)
        at.run()
        assert at.outcome == (JobStatus.COMPLETED, {"sheets": 9})


# --- declaring it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"heartbeat_s": 5}, "has heartbeat_s, which needs finishes_within_s."),
        (
            {"finishes_within_s": 5, "heartbeat_s": 6},
            "has a heartbeat_s that is longer than finishes_within_s.",
        ),
        (
            {"finishes_within_s": 5, "outputs": [{"name": "error", "type": "string"}]},
            (
                'has an output "error", which a service that finishes later cannot have: it tells '
                "an error under this name."
            ),
        ),
        ({"finishes_within_s": 0}, "finishes_within_s: must be greater than 0, not 0."),
    ],
)
def test_what_cannot_be_is_told(more: dict[str, object], fault: str) -> None:
    assert faults_of_service("s", **more) == [fault]
