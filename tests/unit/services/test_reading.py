"""A document that cannot be read is refused with every reason, in words for its author."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.services.definition import Definition
from ergate.services.faults import DefinitionFaults
from ergate.services.reading import canonical, read_service, shape_faults
from ergate.services.service import Service

UPPER: dict[str, Any] = {
    "name": "upper",
    "address": "http://upper.local:5000/",
    "inputs": [{"name": "message", "type": "string"}],
    "outputs": [{"name": "message", "type": "string"}],
}


def told(**changes: object) -> list[str]:
    return [str(fault) for fault in shape_faults(Service, {**UPPER, **changes})]


def test_a_service_is_read() -> None:
    service = read_service(UPPER)
    assert (service.name, service.inputs[0].name, service.timeout_s) == ("upper", "message", None)


def test_all_faults_are_raised_together() -> None:
    with pytest.raises(DefinitionFaults) as raised:
        read_service({"name": "a b", "adress": "x", "timeout_s": 0})
    assert str(raised.value).splitlines() == [
        'The service "a b" cannot be used as it is written, for 4 reasons:',
        (
            '  - name: is "a b", which is no name: letters, digits and _ . - are allowed, and a '
            "letter or digit comes first."
        ),
        "  - address: is missing.",
        "  - timeout_s: must be greater than 0, not 0.",
        (
            '  - has the unknown key "adress". Did you mean "address"? Its keys are name, address, '
            "description, inputs, outputs, errors, credential, timeout_s, finishes_within_s, "
            "heartbeat_s."
        ),
    ]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", 7, "name: must be text, not 7."),
        ("name", "x" * 101, "name: has 101 characters, and 100 are allowed."),
        ("inputs", {}, "inputs: must be a list, not an object."),
        ("inputs", ["a"], 'inputs[0]: must be an object, not "a".'),
        ("inputs", [{"name": "a"}], "inputs[0].type: is missing."),
        ("timeout_s", "10", 'timeout_s: must be a number, not "10".'),
        ("timeout_s", True, "timeout_s: must be a number, not true."),
        (
            "inputs",
            [{"name": "a", "type": "int", "default": "x"}],
            'inputs[0].default: must be int, not string "x".',
        ),
        (
            "outputs",
            [{"name": "a", "type": "int", "requierd": True}],
            (
                'outputs[0]: has the unknown key "requierd". Did you mean "required"? Its keys are '
                "name, type, description, required, default."
            ),
        ),
    ],
)
def test_a_fault_is_told_with_its_place(key: str, value: object, expected: str) -> None:
    assert told(**{key: value}) == [expected]


@pytest.mark.parametrize(
    "address",
    ["", "upper", "ftp://a/", "http://", "http://a b/", "http://u:secret@a/", "http://a/#x",
     "http://a:99999/", "http://a/\n"],
)  # fmt: skip
def test_an_address_must_be_a_plain_url(address: str) -> None:
    faults = told(address=address)
    assert len(faults) == 1
    assert faults[0].startswith("address: ")
    assert "secret" not in faults[0]


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (nested(100_000), "is nested deeper than 32 levels."),
        (["a"] * 100_000, "is too large: 20000 values and 262144 characters are allowed."),
        ("a" * 1_000_000, "is too large: 20000 values and 262144 characters are allowed."),
        (math.nan, "has nan, which JSON cannot carry."),
        (10**5000, "has a number too large to be carried."),
        ("\ud800", "has a lone surrogate in a text."),
        (object(), "has a value of type object, which is no JSON."),
    ],
    ids=["deep", "many", "long", "nan", "large", "surrogate", "object"],
)
def test_what_no_store_should_carry_is_one_fault(value: object, expected: str) -> None:
    assert told(description=value) == [expected]


@pytest.mark.parametrize("document", [None, [], "text", 3])
def test_a_document_is_an_object(document: object) -> None:
    assert len(shape_faults(Definition, document)) == 1


def operation_faults(operation: object) -> list[str]:
    document = {"name": "w", "operations": [operation]}
    return [str(fault) for fault in shape_faults(Definition, document)]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (
            {"name": "a", "type": "cal"},
            (
                'operations[0]: has the unknown type "cal". Did you mean "call"? It must be one of '
                "call, choice, wait, pass, succeed, fail."
            ),
        ),
        (
            {"name": "a"},
            (
                "operations[0]: has no type. It must be one of call, choice, wait, pass, succeed, "
                "fail."
            ),
        ),
        (
            {"name": "a", "type": "pass", "nxt": "b"},
            (
                'operations[0]: has the unknown key "nxt". Did you mean "next"? Its keys are name, '
                "description, type, output, next."
            ),
        ),
        (
            {"name": "a", "type": "wait", "seconds": True},
            "operations[0].seconds: must be a number, not true.",
        ),
        (
            {"name": "a", "type": "wait"},
            "operations[0]: needs one of seconds and until, and not both.",
        ),
        (
            {"name": "a", "type": "choice", "default": "b", "choices": []},
            "operations[0].choices: must have at least 1 item.",
        ),
        (
            {"name": "a", "type": "pass", "output": {"a b": 1}},
            (
                'operations[0].output: is "a b", which is no name for data: letters, digits, _ and '
                "- are allowed, and a letter or _ comes first."
            ),
        ),
    ],
)
def test_a_state_that_cannot_be_read_is_told_with_its_place(
    operation: object, expected: str
) -> None:
    assert operation_faults(operation)[0] == expected


def test_a_fault_deep_in_a_condition_has_its_place() -> None:
    when = {"and": [{"value": "$.a", "equals": 1}, {"not": {"value": "$.a", "equal": 1}}]}
    choice = {"name": "a", "type": "choice", "default": "b", "choices": [{"when": when, "next": 3}]}
    assert operation_faults(choice) == [
        (
            'operations[0].choices[0].when.and[1].not: has the unknown key "equal". Did you mean '
            '"equals"? Its keys are value, equals, not_equals, less_than, at_most, greater_than, '
            "at_least, is_in, matches, is_present, is_type."
        ),
        "operations[0].choices[0].next: must be text, not 3.",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    assert shape_faults(Service, document)
    assert shape_faults(Definition, document)


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"a": 1, "b": "é"}) == canonical({"b": "é", "a": 1}) == '{"a":1,"b":"\\u00e9"}'
