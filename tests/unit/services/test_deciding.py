"""Conditions compare strictly: what has other types is an error, not a quiet no."""

from __future__ import annotations

import time

import pytest
from pydantic import TypeAdapter

from ergate.services.conditions import Condition
from ergate.services.deciding import holds, same
from ergate.services.failures import BadData

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
DATA = {
    "n": 5,
    "f": 5.0,
    "text": "order-17*",
    "yes": True,
    "none": None,
    "list": [1, "a"],
    "object": {"a": 1},
    "limit": 7,
}


def ask(condition: object) -> bool:
    return holds(CONDITION.validate_python(condition), DATA)


@pytest.mark.parametrize(
    ("value", "operator", "operand", "expected"),
    [
        ("$.n", "equals", 5, True),
        ("$.n", "equals", 5.0, True),
        ("$.n", "equals", "5", False),
        ("$.yes", "equals", 1, False),
        ("$.none", "equals", None, True),
        ("$.object", "equals", {"a": 1.0}, True),
        ("$.object", "equals", {"a": True}, False),
        ("$.n", "equals", "$.f", True),
        ("$.n", "not_equals", 4, True),
        ("$.n", "less_than", "$.limit", True),
        ("$.n", "less_than", 5, False),
        ("$.n", "at_most", 5, True),
        ("$.n", "greater_than", 4.5, True),
        ("$.n", "at_least", 5.5, False),
        ("$.text", "less_than", "p", True),
        ("$.n", "is_in", [1, 5], True),
        ("$.yes", "is_in", [1], False),
        ("$.n", "is_in", "$.list", False),
        ("$.text", "matches", "order-*", True),
        ("$.text", "matches", "*-1*\\*", True),
        ("$.text", "matches", "order", False),
        ("$.text", "matches", "*", True),
        ("$.text", "matches", "order-17**", True),
        ("$.text", "matches", "order-17\\*7*", False),
        ("$.n", "is_present", True, True),
        ("$.none", "is_present", True, False),
        ("$.nothing.at.all", "is_present", False, True),
        ("$.n", "is_type", "int", True),
        ("$.n", "is_type", "float", True),
        ("$.f", "is_type", "int", False),
        ("$.yes", "is_type", "int", False),
        ("$.none", "is_type", "object", False),
    ],
)
def test_a_comparison_holds_or_not(
    value: str, operator: str, operand: object, expected: bool
) -> None:
    assert ask({"value": value, operator: operand}) is expected


def test_all_comparisons_that_are_named_must_hold() -> None:
    assert ask({"value": "$.n", "at_least": 1, "less_than": 6})
    assert not ask({"value": "$.n", "at_least": 1, "less_than": 5})


YES, NO = {"value": "$.n", "equals": 5}, {"value": "$.n", "equals": 6}
MISSING = {"value": "$.nothing", "equals": 1}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"and": [YES, YES]}, True),
        ({"and": [YES, NO]}, False),
        ({"or": [NO, YES]}, True),
        ({"or": [NO, NO]}, False),
        ({"not": NO}, True),
        ({"and": [NO, MISSING]}, False),
        ({"or": [YES, MISSING]}, True),
        ({"not": {"and": [YES, {"or": [NO, {"not": YES}]}]}}, True),
    ],
)
def test_conditions_are_put_together(condition: object, expected: bool) -> None:
    assert ask(condition) is expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (MISSING, r'\$ has no "nothing"'),
        ({"value": "$.n", "less_than": "6"}, r"\$\.n is int 5 and cannot be ordered with string"),
        ({"value": "$.yes", "less_than": 6}, r"\$\.yes is bool true and cannot be ordered"),
        ({"value": "$.n", "is_in": "$.text"}, "is_in needs a list"),
        ({"value": "$.n", "matches": "*"}, "only texts can match"),
    ],
)
def test_what_cannot_be_compared_is_an_error(condition: object, message: str) -> None:
    with pytest.raises(BadData, match=message):
        ask(condition)


def test_true_is_not_one_at_any_depth() -> None:
    assert same([{"a": [1.0]}], [{"a": [1]}])
    assert not same([{"a": [True]}], [{"a": [1]}])


def test_a_hostile_pattern_takes_no_longer_than_a_good_one() -> None:
    started = time.monotonic()
    condition = CONDITION.validate_python({"value": "$.a", "matches": "*a" * 499 + "b"})
    assert not holds(condition, {"a": "a" * 1_000_000})
    assert time.monotonic() - started < 5
