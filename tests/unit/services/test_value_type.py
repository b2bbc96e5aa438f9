"""The types of inputs and outputs are few, strict, and compared without running anything."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.services.faults import Fault
from ergate.services.value_type import ValueType, parse_type, type_of, value_faults

TYPES = ("string", "int", "float", "bool", "object", "array", "list[int]", "list[list[string]]")


def faults(wanted: str, value: object) -> list[str]:
    return [str(fault) for fault in value_faults(parse_type(wanted), value, "x")]


@pytest.mark.parametrize("text", TYPES)
def test_a_type_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_type(text)) == text


def test_an_unknown_type_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(ValueError, match=r'"strin"\. Did you mean "string"\?'):
        parse_type("strin")


@pytest.mark.parametrize("text", ["", "list[]", "list[int", "list", "list[list]", "any", "str\x00"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no type"):
        parse_type(text)


def test_lists_within_lists_end_somewhere() -> None:
    with pytest.raises(ValueError, match="deeper than 8"):
        parse_type("list[" * 5_000 + "int" + "]" * 5_000)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("string", ""),
        ("int", 1),
        ("int", 10**400),
        ("float", 1),
        ("float", 1.5),
        ("bool", False),
        ("object", {}),
        ("array", [1, "a", None]),
        ("list[float]", [1, 1.5]),
        ("list[list[string]]", [[], ["a"]]),
    ],
)
def test_a_value_of_its_type_has_no_faults(wanted: str, value: object) -> None:
    assert faults(wanted, value) == []


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        ("int", "1", 'x: must be int, not string "1".'),
        ("int", True, "x: must be int, not bool true."),
        ("int", 1.0, "x: must be int, not float 1.0."),
        ("float", "1.5", 'x: must be float, not string "1.5".'),
        ("float", True, "x: must be float, not bool true."),
        ("bool", 1, "x: must be bool, not int 1."),
        ("string", None, "x: must be string, not null."),
        ("object", [], "x: must be object, not array."),
        ("list[int]", [1, "2"], 'x[1]: must be int, not string "2".'),
        ("list[list[int]]", [[1], [2, None]], "x[1][1]: must be int, not null."),
        ("float", math.nan, "x: is nan, which JSON cannot carry."),
        ("string", "\ud800", "x: holds a lone surrogate, which is no character."),
    ],
)
def test_a_value_of_another_type_is_told_with_its_place(
    wanted: str, value: object, expected: str
) -> None:
    assert faults(wanted, value) == [expected]


def test_a_hostile_value_is_shown_short_and_escaped() -> None:
    message = faults("int", "\x1b[31m\u202e" + "x" * 10_000)[0]
    assert len(message) < 200
    assert message.isprintable()


def test_of_a_long_wrong_list_only_the_first_faults_are_told() -> None:
    assert faults("list[int]", ["a"] * 100_000)[-1] == "x: has more items that do not fit."
    assert len(faults("list[int]", ["a"] * 100_000)) == 21


@pytest.mark.parametrize(
    ("wanted", "sent", "expected"),
    [
        ("string", "string", True),
        ("string", "int", False),
        ("float", "int", True),
        ("int", "float", False),
        ("int", "bool", False),
        ("array", "list[int]", True),
        ("list[int]", "array", True),
        ("list[float]", "list[int]", True),
        ("list[int]", "list[string]", False),
        ("object", "array", False),
    ],
)
def test_types_are_compared_before_anything_runs(wanted: str, sent: str, expected: bool) -> None:
    assert parse_type(wanted).accepts(parse_type(sent)) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=JSON, wanted=st.sampled_from(TYPES))
def test_any_value_either_fits_or_is_told_about(value: object, wanted: str) -> None:
    found = list(value_faults(parse_type(wanted), value, "x"))
    assert all(isinstance(fault, Fault) for fault in found)
    kind: ValueType = type_of(value)
    if kind.name != "any" and not parse_type(wanted).accepts(kind):
        assert found
