"""A checked definition runs on the engine: its branches, retries and waits are the engine's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ergate import Job, JobStatus, ValidationError, Workflow
from ergate.services.checking import check_definition
from ergate.services.compiling import CallContext, compile_plan
from ergate.services.failures import (
    BadReply,
    ServiceError,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnavailable,
)
from ergate.services.service import Service
from ergate.testing import FakeClock, Harness
from tests.unit.services.definitions import (
    call,
    choice,
    example,
    example_services,
    service,
    state,
    workflow,
)

UPPER = service("upper", "message:string", "message:string")
PAY = service("pay", "amount:float card:string?", "receipt:string", errors=["CardDeclined"])
MAIL = service("mail", "to:string note:string?")
SERVICES = [UPPER, PAY, MAIL]

IN_2096 = 4_000_000_000.0
"""A worker asks the machine's own clock whether a time has passed: it has not in these tests."""

Answer = Callable[[dict[str, Any]], Mapping[str, object]]


class Fake:
    """Stands in for services: answers by name, or raises what is to be raised first."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.failures: list[Exception] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.contexts: list[CallContext] = []
        self.called: Callable[[str], object] = str

    def __call__(
        self, service: Service, data: dict[str, Any], context: CallContext
    ) -> Mapping[str, object]:
        self.called(service.name)
        self.sent.append((service.name, data))
        self.contexts.append(context)
        if self.failures:
            raise self.failures.pop(0)
        return self.answers[service.name.replace("-", "_")](data)


def fake() -> Fake:
    return Fake(
        upper=lambda data: {"message": data["message"].upper()},
        reverse=lambda data: {"message": data["message"][::-1]},
        space_counter=lambda data: {"space_count": data["message"].count(" ")},
        pay=lambda _: {"receipt": "r-1", "more": True},
        payments=lambda _: {"receipt": "r-1"},
        shipping=lambda _: {"tracking": "t-1", "note": None},
        mail=lambda _: {},
    )


def compiled(document: Any, services: list[Service], caller: Fake) -> Workflow:
    return compile_plan(check_definition(document, services), services, caller)


def run(document: Any, data: object, caller: Fake, *, services: list[Service] = SERVICES) -> Job:
    clock = FakeClock(IN_2096)
    with Harness(compiled(document, services, caller), clock=clock) as harness:
        job = harness.enqueue(document["name"], data)
        harness.run_until_idle()
        while harness.advance_to_next_due():
            pass
        return harness.job(job.id)


def outcome(job: Job) -> tuple[JobStatus, object]:
    return job.status, job.error.message if job.error else job.last_return_value


# --- straight -----------------------------------------------------------------------------------


def test_the_example_turns_a_text_around_and_counts_its_spaces() -> None:
    job = run(
        example("workflow-process-text"),
        example("event-text")["data"],
        fake(),
        services=example_services(),
    )
    assert outcome(job) == (
        JobStatus.COMPLETED,
        {"message": "! GNINROM EHT NI ESIR LLIW NUS EHT", "space_count": 7},
    )
    assert (job.percent_completed, job.steps_completed) == (100.0, 3)


def test_each_state_is_a_step_under_its_name() -> None:
    document = {**example("workflow-process-text"), "services": ["upper", "space-counter", "upper"]}
    made = compiled(document, example_services(), fake())
    assert [step.name for step in made] == ["upper", "space-counter", "upper-2"]


def test_a_call_gets_its_declared_inputs_and_knows_its_key() -> None:
    caller = fake()
    document = {
        "name": "w",
        "services": ["pay", "mail"],
        "inputs": [{"name": "amount", "type": "int"}, {"name": "to", "type": "string"}],
    }
    job = run(document, {"amount": 3, "to": "x"}, caller)
    assert caller.sent == [("pay", {"amount": 3}), ("mail", {"to": "x"})]
    first, second = caller.contexts
    assert (first.id.idempotency_key, first.workflow, first.state) == (f"{job.id}:0", "w", "pay")
    assert (second.id.idempotency_key, second.id.attempt) == (f"{job.id}:1", 1)


def test_the_first_step_checks_the_event_and_fills_in_defaults() -> None:
    document = workflow(
        state("a", "pass"), inputs='n:int text:string="x"', outputs="n:int text:string"
    )
    assert outcome(run(document, {"n": 1}, fake())) == (
        JobStatus.COMPLETED,
        {"n": 1, "text": "x"},
    )
    with pytest.raises(ValidationError, match=r'n: must be int, not string "1"'):
        run(document, {"n": "1"}, fake())


def test_the_schema_of_the_event_is_that_of_the_first_step() -> None:
    made = compiled(workflow(state("a", "pass"), inputs="n:int"), [], fake())
    adapter = made[0].plan.input_adapter
    assert adapter is not None
    assert adapter.json_schema() == {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({}, 'Service "upper" answered what it does not declare: message: is missing'),
        ({"message": 5}, "message: must be string, not int 5"),
        (["message"], "must be object, not array"),
        (None, "must be object, not null"),
    ],
)
def test_a_reply_that_is_not_what_is_declared_fails_the_job(answer: Any, message: str) -> None:
    document = {"name": "w", "services": ["upper"], "inputs": [UPPER.inputs[0].model_dump()]}
    job = run(document, {"message": "a"}, Fake(upper=lambda _: answer))
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.type == "BadReply"
    assert message in job.error.message


# --- choice, pass, succeed, fail ----------------------------------------------------------------

BRANCHES = workflow(
    choice(
        "size",
        ({"value": "$.n", "greater_than": 100}, "large"),
        ({"value": "$.n", "less_than": 0}, "no"),
        default="small",
    ),
    state("large", "pass", output={"size": "large"}, next="tell"),
    state("small", "pass", output={"size": "small", "double": ["$.n", "$.n"]}),
    state("tell", "pass", output={"told": {"size": "$.size"}}),
    state("done", "succeed", output={"size": "$.told.size"}),
    state("no", "fail", error="Negative", cause="$.why"),
    inputs="n:int why:object",
    outputs="size:string",
)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (500, (JobStatus.COMPLETED, {"size": "large"})),
        (5, (JobStatus.COMPLETED, {"size": "small"})),
        (-5, (JobStatus.FAILED, '{"a":1}')),
    ],
)
def test_a_choice_leads_where_its_first_rule_says(n: int, expected: object) -> None:
    job = run(BRANCHES, {"n": n, "why": {"a": 1}}, fake())
    assert outcome(job) == expected


def test_a_failed_job_bears_the_name_of_its_error() -> None:
    job = run(BRANCHES, {"n": -1, "why": {}}, fake())
    assert job.error is not None
    assert (job.error.type, job.error.step_name) == ("Negative", "no")


def test_progress_ends_at_the_end_however_short_the_way_was() -> None:
    document = workflow(
        choice("a", ({"value": "$.n", "equals": 1}, "end"), default="b"),
        state("b", "pass"),
        state("c", "pass"),
        state("end", "succeed"),
        inputs="n:int",
    )
    job = run(document, {"n": 1}, fake())
    assert (job.steps_completed, job.percent_completed) == (2, 100.0)


def test_a_state_in_the_middle_may_end_the_workflow() -> None:
    document = workflow(
        choice("a", ({"value": "$.n", "equals": 1}, "early"), default="late"),
        state("early", "succeed", output={"x": 1}),
        state("late", "pass", output={"x": 2}),
        inputs="n:int",
        outputs="x:int",
    )
    results = [run(document, {"n": n}, fake()).last_return_value for n in (1, 2)]
    assert results == [{"x": 1}, {"x": 2}]


def test_what_is_missing_within_an_object_fails_with_what_is_there() -> None:
    document = workflow(state("a", "pass", output={"x": "$.o.total"}), inputs="o:object")
    job = run(document, {"o": {"totl": 1}}, fake())
    assert outcome(job) == (
        JobStatus.FAILED,
        '$.o.total leads to nothing: $.o has no "total". It has "totl".',
    )


# --- retry --------------------------------------------------------------------------------------

CHARGE = workflow(
    call(
        "charge",
        "pay",
        input={"amount": "$.amount"},
        output={"receipt": "$.receipt"},
        retry=[
            {"errors": ["ServiceUnavailable"], "attempts": 3, "interval_s": 10, "jitter": 0},
            {"errors": ["CardDeclined"], "attempts": 2, "interval_s": 60, "jitter": 0},
        ],
        catch=[
            {"errors": ["CardDeclined"], "next": "sorry", "output": "refusal"},
            {"errors": ["*"], "next": "sorry"},
        ],
        timeout_s=7,
    ),
    state("done", "succeed", output={"result": "$.receipt"}),
    call("sorry", "mail", input={"to": "x", "note": "no"}, output={}),
    state("refused", "succeed", output={"result": "refused"}),
    inputs="amount:int",
    outputs="result:string",
)
DOWN = ServiceUnavailable("down")
DECLINED = ServiceError("declined", name="CardDeclined")


def charge(*failures: Exception, document: Any = CHARGE) -> tuple[list[float], Fake, Job]:
    """Run one charge; return also after how many seconds each call was made."""
    caller = fake()
    caller.failures = list(failures)
    with Harness(compiled(document, SERVICES, caller)) as harness:
        times: list[float] = []
        caller.called = lambda name: (
            times.append(round(harness.clock.monotonic(), 3)) if name == "pay" else None
        )
        job = harness.enqueue("w", {"amount": 5})
        harness.run_until_idle()
        while harness.advance_to_next_due():
            pass
        return times, caller, harness.job(job.id)


def test_a_call_is_retried_by_the_rule_that_names_its_error() -> None:
    times, caller, job = charge(DOWN, DOWN)
    assert (times, job.last_return_value) == ([0, 10, 30], {"result": "r-1"})
    assert [context.id.attempt for context in caller.contexts] == [1, 2, 3]
    assert len({context.id.idempotency_key for context in caller.contexts}) == 1


def test_each_error_has_the_rule_that_names_it() -> None:
    times, _, job = charge(DECLINED, DOWN)
    assert (times, job.last_return_value) == ([0, 60, 80], {"result": "r-1"})


def test_an_error_is_caught_when_its_attempts_are_used_up() -> None:
    times, caller, job = charge(DOWN, DOWN, DOWN)
    assert (times, outcome(job)) == ([0, 10, 30], (JobStatus.COMPLETED, {"result": "refused"}))
    assert caller.sent[-1] == ("mail", {"to": "x", "note": "no"})


def test_an_error_that_no_retry_names_is_caught_at_once() -> None:
    times, _, job = charge(BadReply("?"))
    assert (times, job.last_return_value) == ([0], {"result": "refused"})


def test_a_call_that_says_nothing_is_retried_while_its_service_restarts() -> None:
    document = workflow(call("a", "pay"), inputs="amount:int")
    times, _, job = charge(*[DOWN] * 5, document=document)
    assert (len(times), job.status) == (6, JobStatus.COMPLETED)
    assert 25 < times[-1] < 40
    times, _, job = charge(BadReply("?"), document=document)
    assert (len(times), job.status) == (1, JobStatus.FAILED)


def test_an_empty_list_of_retries_retries_nothing() -> None:
    document = workflow(call("a", "pay", retry=[]), inputs="amount:int")
    times, _, job = charge(DOWN, document=document)
    assert (times, outcome(job)) == ([0], (JobStatus.FAILED, "down"))


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (ServiceTimeout("late"), 3),
        (BadReply("?"), 3),
        (RuntimeError("ours"), 3),
        (ServiceError("500", status=500), 3),
        (ServiceRefused("404", status=404), 1),
        (ValidationError("never"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_star_retries_all_that_may_pass(error: Exception, calls: int) -> None:
    document = workflow(
        call("a", "pay", retry=[{"errors": ["*"], "interval_s": 0}]), inputs="amount:int"
    )
    times, _, _ = charge(*[error] * 3, document=document)
    assert len(times) == calls


@pytest.mark.parametrize(("asked_s", "expected"), [(30, 30), (5, 10), (9_999, 300)])
def test_a_service_that_asks_for_time_gets_it_within_the_longest_pause(
    asked_s: float, expected: float
) -> None:
    times, _, _ = charge(ServiceUnavailable("busy", retry_after_s=asked_s))
    assert times == [0, expected]


def test_a_call_knows_how_long_it_may_take_and_the_engine_waits_a_little_longer() -> None:
    _, caller, _ = charge()
    assert caller.contexts[0].timeout_s == 7
    assert compiled(CHARGE, SERVICES, fake())["charge"].timeout_s == 12
    patient = service("pay", "amount:float", "receipt:string", timeout_s=30)
    made = compiled(workflow(call("a", "pay"), inputs="amount:int"), [patient], fake())
    assert made["a"].timeout_s == 35


# --- catch --------------------------------------------------------------------------------------


def test_a_caught_error_is_in_the_data_under_the_name_that_was_given() -> None:
    document = workflow(
        call(
            "charge",
            "pay",
            retry=[],
            catch=[{"errors": ["ServiceError"], "next": "over", "output": "why"}],
        ),
        state("done", "succeed", output={"why": {}}),
        state("over", "succeed"),
        inputs="amount:int",
        outputs="why:object",
    )
    _, _, job = charge(DECLINED, document=document)
    assert job.last_return_value == {
        "why": {
            "name": "CardDeclined",
            "message": "declined",
            "state": "charge",
            "service": "pay",
        }
    }
    _, _, job = charge(DOWN, document=document)
    assert outcome(job) == (JobStatus.FAILED, "down")


def test_data_that_are_missing_for_a_call_can_be_caught_and_nothing_is_called() -> None:
    document = workflow(
        call(
            "charge",
            "pay",
            input={"amount": "$.order.total"},
            catch=[{"errors": ["BadData"], "next": "over"}],
        ),
        state("done", "succeed", output={"message": "paid"}),
        state("over", "succeed", output={"message": "$.error.message"}),
        inputs="order:object",
        outputs="message:string",
    )
    caller = fake()
    job = run(document, {"order": {"total": "5"}}, caller)
    assert (caller.sent, job.last_return_value) == (
        [],
        {"message": 'Service "pay" cannot be called: amount: must be float, not string "5".'},
    )


def test_orders_that_steer_a_job_pass_through_every_catch() -> None:
    class Parked(BaseException):
        pass

    def parked(_: dict[str, Any]) -> Mapping[str, object]:
        raise Parked

    job = run(CHARGE, {"amount": 5}, Fake(pay=parked, mail=lambda _: {}))
    assert job.error is not None
    assert job.error.type.endswith("Parked")


# --- wait ---------------------------------------------------------------------------------------


def test_a_wait_holds_no_worker() -> None:
    document = workflow(
        state("rest", "wait", seconds="$.pause"),
        state("after", "pass", output={"x": 1}),
        inputs="pause:int",
        outputs="x:int",
    )
    with Harness(compiled(document, [], fake())) as harness:
        job = harness.enqueue("w", {"pause": 3600})
        harness.run_until_idle()
        assert harness.job(job.id).status is JobStatus.SCHEDULED
        assert harness.next_due == harness.now + timedelta(hours=1)
        harness.advance(3599)
        assert harness.job(job.id).status is JobStatus.SCHEDULED
        harness.advance(1)
        assert outcome(harness.job(job.id)) == (JobStatus.COMPLETED, {"x": 1})


def test_a_wait_may_last_until_a_time_in_the_data() -> None:
    document = workflow(
        state("rest", "wait", until="$.at"), inputs="at:string", outputs="at:string"
    )
    with Harness(compiled(document, [], fake()), clock=FakeClock(IN_2096)) as harness:
        at = (harness.now + timedelta(days=2)).isoformat()
        job = harness.enqueue("w", {"at": at})
        harness.run_until_idle()
        assert harness.next_due == datetime.fromisoformat(at)
        harness.advance_to_next_due()
        assert outcome(harness.job(job.id)) == (JobStatus.COMPLETED, {"at": at})


def test_a_time_that_has_passed_is_not_waited_for() -> None:
    document = workflow(state("rest", "wait", until="2001-01-01T00:00:00Z"))
    with Harness(compiled(document, [], fake())) as harness:
        job = harness.enqueue("w", {})
        harness.run_until_idle()
        assert harness.job(job.id).status is JobStatus.COMPLETED


def test_a_wait_at_the_end_gets_a_step_to_wait_for() -> None:
    document = workflow(state("end", "wait", seconds=0), outputs="")
    assert [step.name for step in compiled(document, [], fake())] == ["end", "end-2"]
    assert run(document, {}, fake()).status is JobStatus.COMPLETED


@pytest.mark.parametrize("at", ["soon", "2030-01-01", "2030-01-01T00:00:00", ""])
def test_a_text_that_is_no_time_fails_the_job(at: str) -> None:
    document = workflow(state("rest", "wait", until="$.at"), inputs="at:string")
    job = run(document, {"at": at}, fake())
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.message.startswith('The time that state "rest" waits for is ')


# --- the order example --------------------------------------------------------------------------


def order(**changes: object) -> dict[str, Any]:
    return {**example("event-order")["data"], **changes}


def run_order(data: object, caller: Fake) -> Job:
    return run(example("workflow-order"), data, caller, services=example_services())


def test_an_order_is_charged_and_shipped_after_a_day() -> None:
    caller = fake()
    job = run_order(order(), caller)
    assert outcome(job) == (JobStatus.COMPLETED, {"result": "shipped", "tracking": "t-1"})
    assert [name for name, _ in caller.sent] == ["payments", "shipping"]
    assert caller.sent[0][1] == {"amount": 59.9, "currency": "EUR", "card": "tok_visa"}


def test_an_order_may_be_shipped_at_a_time() -> None:
    at = datetime(2097, 1, 1, 8, tzinfo=UTC)
    job = run_order(order(ship_at="2097-01-01T09:00:00+01:00"), fake())
    assert job.updated_at is not None
    assert (job.status, job.updated_at.replace(microsecond=0)) == (JobStatus.COMPLETED, at)


def test_an_order_whose_card_is_declined_is_refused_with_a_mail() -> None:
    caller = fake()
    caller.failures = [ServiceRefused("The card was declined.", name="CardDeclined", status=402)]
    job = run_order(order(), caller)
    assert outcome(job) == (JobStatus.COMPLETED, {"result": "refused"})
    assert caller.sent[-1][1] == {
        "to": "someone@example.com",
        "template": "refused",
        "values": {"why": "The card was declined."},
    }


def test_an_order_of_nothing_fails() -> None:
    data = order(order={"total": 3, "items": []})
    job = run_order(data, fake())
    assert job.error is not None
    assert (job.error.type, job.error.message) == (
        "EmptyOrder",
        "An order needs a total above 0 and at least one item.",
    )
