"""Inputs and outputs are checked strictly, all at once, and defaults are filled in."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ergate.services.fields import Field, check_values, fields_schema

MESSAGE = Field(name="message", type="string", description="The text to change")
COUNT = Field(name="count", type="int", default=3)
NOTE = Field(name="note", type="string", required=False)
FIELDS = (MESSAGE, COUNT, NOTE)


def told(data: object) -> list[str]:
    return [str(fault) for fault in check_values(FIELDS, data, place="data")[1]]


def test_values_that_fit_come_back() -> None:
    data = {"message": "a", "count": 1, "note": "b"}
    assert check_values(FIELDS, data) == (data, [])


def test_a_missing_value_with_a_default_is_filled_in() -> None:
    assert check_values(FIELDS, {"message": "a"}) == ({"message": "a", "count": 3}, [])


def test_null_counts_as_missing_where_a_value_may_be_missing() -> None:
    values, faults = check_values(FIELDS, {"message": "a", "count": None, "note": None})
    assert (values, faults) == ({"message": "a", "count": 3}, [])


def test_every_fault_is_told_at_once() -> None:
    assert told({"count": "3", "nota": "b"}) == [
        "data.message: is missing; it must be string (The text to change).",
        'data.count: must be int, not string "3".',
        'data: has the unknown key "nota". Did you mean "note"? There is message, count, note.',
    ]


def test_null_is_no_value() -> None:
    assert told({"message": None}) == [
        "data.message: is null; it must be string (The text to change)."
    ]


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_data_that_is_no_object_is_one_fault(data: object) -> None:
    assert len(told(data)) == 1


def test_unknown_keys_can_be_dropped() -> None:
    values, faults = check_values([MESSAGE], {"message": "a", "more": 1}, unknown="drop")
    assert (values, faults) == ({"message": "a"}, [])


def test_a_default_must_be_of_the_type() -> None:
    with pytest.raises(ValidationError, match='must be int, not string "3"'):
        Field(name="count", type="int", default="3")


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "$", "é", "a\n", "x" * 101])
def test_a_field_is_named_so_that_references_can_name_it(name: str) -> None:
    with pytest.raises(ValidationError):
        Field(name=name, type="int")


def test_the_schema_of_several_fields_is_that_of_an_object() -> None:
    assert fields_schema(FIELDS) == {
        "type": "object",
        "properties": {
            "message": {"type": "string", "description": "The text to change"},
            "count": {"type": "integer", "default": 3},
            "note": {"type": "string"},
        },
        "required": ["message"],
        "additionalProperties": False,
    }
