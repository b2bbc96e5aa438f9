"""Whatever can be known about a definition before an event comes is told when it is registered."""

from __future__ import annotations

from typing import Any

import pytest

from ergate.services.checking import check_definition, plan_of
from ergate.services.definition import Definition
from ergate.services.faults import DefinitionFaults
from tests.unit.services.definitions import (
    call,
    choice,
    example,
    example_services,
    faults,
    fields_of,
    service,
    state,
    workflow,
)

UPPER = service("upper", "message:string", "message:string")
COUNT = service("count", "message:string", "spaces:int")
PAY = service("pay", "amount:float card:string", "receipt:string", errors=["CardDeclined"])
MAIL = service("mail", "to:string note:string?")
SERVICES = (UPPER, COUNT, PAY, MAIL)
PRESENT = {"value": "$.note", "is_present": True}
ONE = {"value": "$.amount", "equals": 1}


def straight(services: list[str], inputs: str, outputs: str) -> dict[str, Any]:
    return {
        "name": "w",
        "services": services,
        "inputs": fields_of(inputs),
        "outputs": fields_of(outputs),
    }


def test_the_examples_have_no_faults() -> None:
    services = example_services()
    names = [
        check_definition(example(name), services).name
        for name in ("workflow-process-text", "workflow-order")
    ]
    assert names == ["process-text", "order"]


def test_a_list_of_services_becomes_states_with_names_of_their_own() -> None:
    document = straight(["upper", "count", "upper", "upper"], "message:string", "spaces:int")
    plan = check_definition(document, SERVICES)
    assert [(state.name, state.next) for state in plan.states] == [
        ("upper", "count"),
        ("count", "upper-2"),
        ("upper-2", "upper-3"),
        ("upper-3", None),
    ]
    assert plan.services == ("count", "upper")


def test_a_service_with_the_name_of_a_repeated_one_keeps_it() -> None:
    services = [service("a"), service("a-2")]
    plan = check_definition(straight(["a", "a", "a-2"], "", ""), services)
    assert [state.name for state in plan.states] == ["a", "a-3", "a-2"]


def test_every_fault_of_a_list_is_told_at_once() -> None:
    document = straight(["uper", "count"], "message:string", "spaces:float total:int")
    document["outputs"].append({"name": "x", "type": "strin"})
    assert [text.partition(":")[0] for text in faults(document, *SERVICES)] == [
        "outputs[2].type",
        "services[0]",
    ]


def test_an_unregistered_service_is_named_with_those_that_are() -> None:
    assert faults(straight(["uper"], "message:string", ""), *SERVICES) == [
        (
            'services[0]: names the service "uper", which is not registered. Did you mean '
            '"upper"? Registered: count, mail, pay, upper.'
        )
    ]


@pytest.mark.parametrize(
    ("services", "inputs", "outputs", "expected"),
    [
        (
            ["pay"],
            "amount:int",
            "",
            (
                'services[0]: needs "card" (string) as input of service "pay" and "card" is '
                "nowhere "
                "in the data. There is amount."
            ),
        ),
        (
            ["count", "upper"],
            "message:int",
            "",
            (
                'services[0]: needs "message" as string for the input of service "count" but in '
                "the "
                "data it is int."
            ),
        ),
        (
            ["upper"],
            "message:string?",
            "",
            (
                'services[0]: needs "message" (string) as input of service "upper" and "message" '
                "is "
                "not certain to be there: it is an input that may be missing. Give it a default, "
                "or "
                "ask with is_present in a choice before."
            ),
        ),
        (
            ["count"],
            "message:string",
            "space:int",
            (
                'outputs[0]: needs "space" (int) as output, at the end in "count", and "space" is '
                'nowhere in the data. Did you mean "spaces"? There is message, spaces.'
            ),
        ),
        (
            ["count"],
            "message:string",
            "spaces:string",
            (
                'outputs[0]: needs "spaces" as string for the output, at the end in "count", but '
                "in "
                "the data it is int."
            ),
        ),
        (
            [],
            "",
            "",
            "services: is empty, and there are no operations: name what is to be called.",
        ),
        (
            ["upper"],
            "message:string message:int",
            "",
            'inputs[1].name: is "message", as an input before it is too.',
        ),
    ],
)
def test_a_list_is_checked_from_inputs_to_outputs(
    services: list[str], inputs: str, outputs: str, expected: str
) -> None:
    assert faults(straight(services, inputs, outputs), *SERVICES)[0] == expected


@pytest.mark.parametrize(
    "kinds", ["message:string", 'message:string="x"', "message:string other:int"]
)
def test_inputs_that_suffice_have_no_faults(kinds: str) -> None:
    assert faults(straight(["upper", "count"], kinds, "spaces:float"), *SERVICES) == []


# --- operations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        (
            [call("a", "upper", next="bb"), state("b", "succeed")],
            ('operations[0].next: leads to "bb", which is no state. Did you mean "b"? To end well, '
            "lead to a state of type succeed."),
        ),
        (
            [call("a", "upper", catch=[{"errors": ["*"], "next": "x"}])],
            ('operations[0].catch[0].next: leads to "x", which is no state. To end well, lead to a '
            "state of type succeed."),
        ),
        (
            [choice("a", (PRESENT, "x"), default="b"), state("b", "succeed")],
            ('operations[0].choices[0].next: leads to "x", which is no state. To end well, lead to '
            "a state of type succeed."),
        ),
        (
            [choice("a", (PRESENT, "b"), default="x"), state("b", "succeed")],
            ('operations[0].default: leads to "x", which is no state. To end well, lead to a state '
            "of type succeed."),
        ),
        (
            [state("a", "pass"), state("a", "pass")],
            'operations[1].name: is "a", as a state before it is too.',
        ),
        (
            [state("a", "pass", next="c"), state("b", "pass"), state("c", "pass")],
            'operations[1]: is never reached: nothing leads from the start to "b".',
        ),
        (
            [state("a", "pass"), state("b", "pass"), state("c", "pass", next="b")],
            "operations[2].next: leads in a circle: b → c → b. A job only moves forward.",
        ),
        (
            [state("a", "pass", next="a")],
            "operations[0].next: leads in a circle: a → a. A job only moves forward.",
        ),
        (
            [choice("s", (PRESENT, "a"), default="c"), state("a", "pass"),
             state("b", "fail", error="No"), state("c", "succeed")],
            ('operations[1]: has no next, so that the fail state "b", which is written behind it, '
            'would follow. Say what follows with "next".'),
        ),
        (
            [state("a", "fail", error="No")],
            "operations: never end well: every way ends in a state of type fail.",
        ),
        (
            [call("a", "upper", retry=[{"errors": ["ServiceTimout"]}])],
            ('operations[0].retry[0].errors[0]: is "ServiceTimout", which is no error that is '
            'known '
            'here. Did you mean "ServiceTimeout"?'),
        ),
        (
            [call("a", "upper", catch=[{"errors": ["CardDeclined"], "next": "b"}]),
             state("b", "succeed")],
            'operations[0].catch[0].errors[0]: is "CardDeclined", which is no error that is known',
        ),
        (
            [call("a", "upper", retry=[{"errors": ["BadData"]}])],
            ("operations[0].retry[0].errors[0]: is BadData, which would be the same again; "
            "catch it "
            "instead."),
        ),
        (
            [call("a", "upper", input={"mesage": "$.message", "message": "x"})],
            ('operations[0].input.mesage: is no input of service "upper". Did you mean "message"? '
            "There is message."),
        ),
        (
            [call("a", "upper", input={})],
            ('operations[0].input: leaves out "message", a required input of service "upper". A '
            'mapping names everything: add "message": "$.message" if that is where it is.'),
        ),
        (
            [call("a", "upper", input={"message": 5})],
            "operations[0].input.message: must be string, not int 5.",
        ),
        (
            [call("a", "upper", input={"message": "$.count"})],
            "operations[0].input.message: must be string, but $.count is int.",
        ),
        (
            [call("a", "upper", input={"message": "$.mesage"})],
            ('operations[0].input.message: is "$.mesage", and "mesage" is nowhere in the data. Did '
            'you mean "message"? There is count, message, note, order, tags.'),
        ),
        (
            [call("a", "upper", input={"message": "$.count.x"})],
            'operations[0].input.message: is "$.count.x", but $.count is int and no object.',
        ),
        (
            [call("a", "upper", input={"message": "$.tags[0].x"})],
            'operations[0].input.message: is "$.tags[0].x", but $.tags[0] is string and no object.',
        ),
        (
            [call("a", "upper", input={"message": "$message"})],
            (
                'operations[0].input.message: is "$message", which is no reference from '
                'character 2 on.'
            ),
        ),
        (
            [call("a", "upper", output={"m": "$.mesage"})],
            ('operations[0].output.m: is "$.mesage", and service "upper" does not answer "mesage". '
            'Did you mean "message"? There is message.'),
        ),
        (
            [state("a", "wait", seconds="$.message")],
            "operations[0].seconds: must be float, but $.message is string.",
        ),
        (
            [state("a", "wait", until="tomorrow")],
            'operations[0].until: is "tomorrow", which is no time such as 2030-01-01T08:00:00Z.',
        ),
        (
            [state("a", "wait", until="2030-01-01T08:00:00")],
            ('operations[0].until: is "2030-01-01T08:00:00", a time without a zone. End it in '
            'Z for '
            "UTC."),
        ),
        (
            [state("a", "wait", seconds=-1)],
            "operations[0].seconds: must be between 0 and 316224000 seconds, which are ten years.",
        ),
        (
            [state("a", "pass", output={"x": {"y": ["$.nothing"]}})],
            'operations[0].output.x.y[0]: is "$.nothing", and "nothing" is nowhere in the data.',
        ),
        (
            [choice("a", ({"value": "count", "equals": 1}, "b"), default="b"),
             state("b", "succeed")],
            ('operations[0].choices[0].when.value: is no reference into the data. Was "$.count" '
            "meant?"),
        ),
        (
            [choice("a", ({"value": "$.message", "less_than": 3}, "b"), default="b"),
             state("b", "succeed")],
            ("operations[0].choices[0].when.less_than: cannot be asked: $.message is string, which "
            "is never ordered with int."),
        ),
        (
            [choice("a", ({"value": "$.count", "equals": "3"}, "b"), default="b"),
             state("b", "succeed")],
            ("operations[0].choices[0].when.equals: cannot be asked: $.count is int, which is "
            "never "
            "equal to string."),
        ),
        (
            [choice("a", ({"value": "$.count", "is_in": 3}, "b"), default="b"),
             state("b", "succeed")],
            "operations[0].choices[0].when.is_in: must be array, not int 3.",
        ),
        (
            [choice("a", ({"value": "$.count", "matches": "3*"}, "b"), default="b"),
             state("b", "succeed")],
            "operations[0].choices[0].when.matches: needs a text, but $.count is int.",
        ),
        (
            [choice("a", ({"value": "$.not", "is_present": True}, "b"), default="b"),
             state("b", "succeed")],
            'operations[0].choices[0].when.value: is "$.not", and "not" is nowhere in the data.',
        ),
    ],
)  # fmt: skip
def test_one_fault_of_operations_is_told_with_its_place(
    operations: list[Any], expected: str
) -> None:
    inputs = "message:string count:int note:string? tags:list[string] order:object"
    found = faults(workflow(*operations, inputs=inputs), *SERVICES)
    assert [text[: len(expected)] for text in found] == [expected]


def test_what_only_one_way_brings_is_missing_on_the_other() -> None:
    document = workflow(
        choice("ask", ({"value": "$.amount", "at_most": 0}, "skip"), default="charge"),
        call("charge", "pay", next="tell"),
        state("skip", "pass"),
        call("tell", "mail", input={"to": "$.card", "note": "$.receipt"}),
        inputs="amount:int card:string",
        outputs="receipt:string",
    )
    assert faults(document, *SERVICES) == [
        (
            'operations[3].input.note: is "$.receipt", and "receipt" is not certain to be there: '
            "nothing brings it on the way ask → skip → tell."
        ),
        (
            'outputs[0]: needs "receipt" (string) as output, at the end in "tell", and "receipt" '
            "is not certain to be there: nothing brings it on the way ask → skip → tell."
        ),
    ]


def test_what_every_way_brings_is_there() -> None:
    document = workflow(
        choice("ask", ({"value": "$.amount", "at_most": 0}, "skip"), default="charge"),
        call("charge", "pay", next="tell"),
        state("skip", "pass", output={"receipt": "none"}),
        call("tell", "mail", input={"to": "$.receipt"}),
        inputs="amount:int card:string",
        outputs="receipt:string",
    )
    assert faults(document, *SERVICES) == []


def test_a_caught_call_brings_nothing_but_its_error() -> None:
    document = workflow(
        call("charge", "pay", catch=[{"errors": ["CardDeclined"], "next": "sorry"}]),
        state("done", "succeed"),
        call("sorry", "mail", input={"to": "$.error.message", "note": "$.receipt"}),
        state("over", "fail", error="Declined", cause="$.error.message"),
        inputs="amount:int card:string",
        outputs="receipt:string",
    )
    document["operations"][2]["next"] = "over"
    assert faults(document, *SERVICES) == [
        (
            'operations[2].input.note: is "$.receipt", and "receipt" is nowhere in the data. '
            "There is amount, card, error."
        )
    ]


def test_a_type_must_fit_on_every_way() -> None:
    document = workflow(
        choice("ask", ({"value": "$.flag", "equals": True}, "text"), default="number"),
        state("text", "pass", output={"x": "five"}, next="use"),
        state("number", "pass", output={"x": 5}),
        call("use", "mail", input={"to": "$.x"}),
        inputs="flag:bool",
    )
    assert faults(document, *SERVICES) == [
        "operations[3].input.to: must be string, but $.x is int."
    ]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (PRESENT, []),
        ({"and": [{"value": "$.amount", "equals": 1}, PRESENT]}, []),
        ({"not": {"value": "$.note", "is_present": False}}, []),
        ({"not": {"or": [{"value": "$.note", "is_present": False}, ONE]}}, []),
        ({"and": [PRESENT, {"value": "$.note", "equals": "x"}]}, []),
        ({"value": "$.note", "is_present": True, "equals": "x"}, []),
        ({"or": [PRESENT, {"value": "$.amount", "equals": 1}]}, ["operations[1].input.to"]),
        ({"value": "$.note", "is_present": False}, ["operations[1].input.to"]),
        ({"value": "$.note", "equals": "x"}, ["operations[0].choices[0].when.value",
                                             "operations[1].input.to"]),
        ({"and": [{"value": "$.note", "equals": "x"}, PRESENT]},
         ["operations[0].choices[0].when.and[0].value"]),
    ],
)  # fmt: skip
def test_a_condition_shows_what_is_there(when: object, expected: list[str]) -> None:
    document = workflow(
        choice("ask", (when, "use"), default="done"),
        call("use", "mail", input={"to": "$.note"}, next="done"),
        state("done", "succeed"),
        inputs="note:string? amount:int",
    )
    assert [text.partition(": ")[0] for text in faults(document, *SERVICES)] == expected


def test_a_default_shows_that_no_rule_held() -> None:
    document = workflow(
        choice("ask", ({"value": "$.note", "is_present": False}, "done"), default="use"),
        call("use", "mail", input={"to": "$.note"}),
        state("done", "succeed"),
        inputs="note:string?",
    )
    assert faults(document, *SERVICES) == []


def test_states_are_put_in_an_order_that_leads_forward() -> None:
    document = workflow(
        choice("start", ({"value": "$.n", "equals": 1}, "late"), default="early"),
        state("late", "pass", next="end"),
        state("end", "succeed"),
        state("early", "pass", next="late"),
        inputs="n:int",
    )
    plan = check_definition(document, [])
    assert [state.name for state in plan.states] == ["start", "early", "late", "end"]


def test_a_list_beside_operations_must_agree_with_them() -> None:
    document = workflow(call("a", "upper"), inputs="message:string", services=["uper", "count"])
    assert [text.partition(": ")[0] for text in faults(document, *SERVICES)] == [
        "services[0]",
        "services[1]",
        "operations[0].service",
    ]
    assert faults({**document, "services": ["upper"]}, *SERVICES) == []


def test_an_unknown_service_is_told_without_what_follows_from_it() -> None:
    document = workflow(
        call("a", "unknown"),
        call("b", "upper"),
        call("c", "mail", input={"to": "$.whatever.it.answers"}),
        outputs="spaces:int",
    )
    assert [text.partition(": ")[0] for text in faults(document, *SERVICES)] == [
        "operations[0].service"
    ]


def test_a_state_that_cannot_be_read_does_not_hide_the_faults_of_others() -> None:
    document = workflow(
        state("a", "pass", next="c"),
        state("b", "wait", seconds="soon", nxt="c"),
        call("c", "mail", input={"to": "$.mesage"}, next="x"),
        call("d", "unknown"),
        inputs="message:string",
    )
    assert [text.partition(": ")[0] for text in faults(document, *SERVICES)] == [
        "operations[1]",
        "operations[3].service",
        "operations[2].next",
        "operations[2].input.to",
    ]


def test_a_definition_that_was_checked_gives_the_same_plan_again() -> None:
    document = example("workflow-order")
    plan = check_definition(document, example_services())
    assert plan_of(Definition.model_validate(document)) == plan
    assert check_definition(Definition.model_validate(document), example_services()) == plan


def test_faults_are_values_and_one_exception_has_them_all() -> None:
    with pytest.raises(DefinitionFaults) as raised:
        check_definition({"name": "w", "services": ["a", "b"]}, [])
    assert [fault.place for fault in raised.value.faults] == ["services[0]", "services[1]"]
    assert str(raised.value).startswith(
        'Workflow "w" cannot be used as it is written, for 2 reasons:\n  - services[0]: names'
    )
