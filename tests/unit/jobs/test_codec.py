"""A value that is stored comes back the same, and what could not is refused when it is written."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ergate.errors import PayloadError
from ergate.jobs.codec import Limits, checked, dump, encode
from ergate.types import adapter_for

LIMITS = Limits()
ANY = adapter_for(Any)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


class Colour(Enum):
    RED = "red"


class Order(BaseModel):
    number: int
    at: datetime
    total: Decimal


@dataclass
class Point:
    x: int
    y: float


TYPED: list[tuple[Any, object]] = [
    (Order, Order(number=1, at=datetime(2024, 1, 2, tzinfo=UTC), total=Decimal("1.10"))),
    (Point, Point(1, 2.5)),
    (bytes, bytes(range(256))),
    (UUID, UUID(int=7)),
    (Decimal, Decimal("0.10")),
    (Colour, Colour.RED),
    (tuple[int, str], (1, "a")),
    (set[int], {1, 2}),
    (list[Point], [Point(1, 2.0)]),
    (dict[str, bytes], {"a": b"\xff"}),
    (int, 10**30),
    (None, None),
]


@given(values)
def test_plain_values_come_back_as_they_were(value: object) -> None:
    text = dump(ANY, value, LIMITS, "x")
    assert json.loads(text) == value
    assert ANY.validate_json(text) == value


@given(values)
def test_text_from_outside_is_stored_in_its_shortest_form(value: object) -> None:
    text = checked(json.dumps(value, indent=2), LIMITS, "x")
    assert text == encode(value, LIMITS, "x")


@pytest.mark.parametrize(("annotation", "value"), TYPED, ids=lambda value: repr(value)[:40])
def test_typed_values_come_back_with_their_type(annotation: Any, value: object) -> None:
    adapter = adapter_for(annotation)
    assert adapter.validate_json(dump(adapter, value, LIMITS, "x")) == value


def test_minus_zero_keeps_its_sign() -> None:
    assert math.copysign(1, json.loads(dump(ANY, -0.0, LIMITS, "x"))) == -1


def test_an_escaped_nul_and_emoji_survive() -> None:
    assert json.loads(dump(ANY, "a\x00👩‍👧", LIMITS, "x")) == "a\x00👩‍👧"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf], ids=repr)
@pytest.mark.parametrize("annotation", [Any, float, list[float], dict[str, float]], ids=repr)
def test_what_json_has_no_number_for_is_refused(annotation: Any, number: float) -> None:
    shapes = {"list[float]": [number], "dict[str, float]": {"a": number}}
    value = shapes.get(str(annotation), number)
    with pytest.raises(PayloadError, match="The result cannot be"):
        dump(adapter_for(annotation), value, LIMITS, "The result")


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":-Infinity}'])
def test_what_json_has_no_number_for_is_refused_from_outside(text: str) -> None:
    with pytest.raises(PayloadError, match="not JSON"):
        checked(text, LIMITS, "The input")


def test_a_number_too_large_for_a_float_is_refused_from_outside() -> None:
    with pytest.raises(PayloadError):
        checked("1e400", LIMITS, "The input")


@pytest.mark.parametrize("text", ["", "{", "[1,]", "'a'", "nul", "1 2", "{1:2}"])
def test_text_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(PayloadError, match="The input is not JSON"):
        checked(text, LIMITS, "The input")


def test_64_levels_are_stored_and_65_are_not() -> None:
    assert dump(ANY, nested(64), LIMITS, "x") == "[" * 64 + "]" * 64
    with pytest.raises(PayloadError, match="64 levels"):
        dump(ANY, nested(65), LIMITS, "x")
    with pytest.raises(PayloadError, match="64 levels"):
        checked("[" * 65 + "]" * 65, LIMITS, "x")


def test_brackets_in_texts_are_no_levels() -> None:
    value = ["[" * 100, {"{" * 100: '"[\\"['}]
    assert json.loads(dump(ANY, value, LIMITS, "x")) == value


def test_many_shallow_lists_are_not_deep() -> None:
    assert dump(ANY, [[]] * 100, LIMITS, "x") == "[" + ",".join(["[]"] * 100) + "]"


@pytest.mark.parametrize("depth", [300, 2000, 200_000])
def test_absurd_nesting_is_refused_like_any_other(depth: int) -> None:
    with pytest.raises(PayloadError):
        dump(ANY, nested(depth), LIMITS, "x")
    with pytest.raises(PayloadError):
        checked("[" * depth + "]" * depth, LIMITS, "x")


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(PayloadError):
        dump(ANY, loop, LIMITS, "x")


def test_one_mib_is_stored_and_one_byte_more_is_not() -> None:
    fits = "x" * (1024 * 1024 - 2)
    assert len(dump(ANY, fits, LIMITS, "x")) == 1024 * 1024
    with pytest.raises(PayloadError, match=r"1,048,577 bytes.*1,048,576"):
        dump(ANY, fits + "x", LIMITS, "x")


def test_the_size_is_counted_in_bytes_and_not_in_characters() -> None:
    with pytest.raises(PayloadError, match="6 bytes"):
        dump(ANY, "éé", Limits(max_bytes=5), "x")


@pytest.mark.parametrize("annotation", [Any, str], ids=repr)
def test_a_lone_surrogate_is_refused(annotation: Any) -> None:
    with pytest.raises(PayloadError):
        dump(adapter_for(annotation), "a\ud800", LIMITS, "x")


def test_a_lone_surrogate_from_outside_is_refused() -> None:
    with pytest.raises(PayloadError, match="surrogate"):
        checked('"\\ud800"', LIMITS, "x")


@pytest.mark.parametrize(
    "value", [object(), lambda: None, {"a": object()}], ids=["object", "function", "inside"]
)
def test_a_value_without_a_json_form_is_refused(value: object) -> None:
    with pytest.raises(PayloadError, match="cannot be written as JSON"):
        dump(ANY, value, LIMITS, "The result")


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(int, "1"), (str, 1), (list[int], ["a"]), (Point, {"x": 1, "y": 2}), (None, 1), (int, None)],
    ids=lambda value: repr(value)[:30],
)
def test_a_value_of_another_type_than_declared_is_refused(annotation: Any, value: object) -> None:
    with pytest.raises(PayloadError, match="The result"):
        dump(adapter_for(annotation), value, LIMITS, "The result")


def test_integers_that_no_reader_parses_are_refused() -> None:
    with pytest.raises(PayloadError):
        dump(ANY, 10**5000, LIMITS, "x")
    with pytest.raises(PayloadError):
        checked("1" * 5000, LIMITS, "x")


def test_bytes_survive_inside_untyped_values() -> None:
    assert json.loads(dump(ANY, {"a": b"\xff\x00"}, LIMITS, "x")) == {"a": "_wA="}


def test_the_limits_can_be_raised() -> None:
    assert dump(ANY, nested(80), Limits(max_depth=80), "x") == "[" * 80 + "]" * 80


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value
