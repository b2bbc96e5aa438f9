"""References lead to values, strictly, and are read without running anything."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.services.failures import BadData
from ergate.services.mappings import evaluate, syntax_faults
from ergate.services.references import LONGEST, parse_reference

DATA = {"order": {"total": 5, "items": [{"id": "a"}, {"id": "b"}]}, 'a "b" \\': {"c d": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$", DATA),
        ("$.order.total", 5),
        ("$.order.items[1].id", "b"),
        ('$["order"]["total"]', 5),
        (r'$["a \"b\" \\"]["c d"]', 1),
    ],
)
def test_a_reference_leads_to_a_value(text: str, expected: object) -> None:
    assert parse_reference(text).follow(DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.order.tax", '$.order has no "tax". It has "total", "items".'),
        ("$.order.items[2]", "$.order.items has 2 items, counted from 0."),
        ("$.order[0]", "$.order is no list."),
        ("$.order.total.x", "$.order.total is no object."),
        ("$.order.items.id", "$.order.items is no object."),
        ("$.x.y", '$ has no "x". It has "order", "a "b" \\".'),
    ],
)
def test_what_is_not_there_is_an_error_that_says_how_far_it_goes(text: str, expected: str) -> None:
    with pytest.raises(BadData) as raised:
        parse_reference(text).follow(DATA)
    assert str(raised.value) == f"{text} leads to nothing: {expected}"


@pytest.mark.parametrize(
    "text",
    ["", "a", "$a", "$.", "$..a", "$.a.", "$.1", "$[a]", "$[-1]", "$[01]", "$[1", '$["a]', "$['a']",
     "$.a b", "$.a;b", "$.__class__()", "$.*", "$.a[?(@.b)]", '$["\\n"]', "$.é"],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        parse_reference(text)


@pytest.mark.parametrize("text", ["$" + ".a" * 17, "$." + "a" * LONGEST, "$" + "[0]" * 100_000])
def test_a_reference_has_bounds(text: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        parse_reference(text)


def test_names_of_python_are_only_names() -> None:
    with pytest.raises(BadData):
        parse_reference("$.__class__.__mro__").follow(DATA)


@given(st.lists(st.text(max_size=20) | st.integers(min_value=0, max_value=9), max_size=16))
def test_any_value_can_be_reached_by_a_quoted_name(path: list[str | int]) -> None:
    data: object = "found"
    for part in reversed(path):
        data = {part: data} if isinstance(part, str) else [None] * part + [data]
    quoted = [
        f"[{part}]"
        if isinstance(part, int)
        else '["' + part.replace("\\", "\\\\").replace('"', '\\"') + '"]'
        for part in path
    ]
    text = "$" + "".join(quoted)
    if len(text) <= LONGEST:
        assert parse_reference(text).follow(data) == "found"


@given(st.text())
def test_any_text_is_a_reference_or_is_refused_with_a_sentence(text: str) -> None:
    try:
        parse_reference("$" + text)
    except ValueError as exc:
        assert str(exc).endswith((".", "$$."))  # noqa: PT017  # most texts raise, some do not


def test_a_written_value_may_hold_references_at_any_depth() -> None:
    written = {"total": "$.order.total", "all": [1, ["$.order.items[0].id"]], "text": "plain"}
    assert evaluate(written, DATA) == {"total": 5, "all": [1, ["a"]], "text": "plain"}


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "a.b", "a$b", [], {}, {"$.a": 1}])
def test_everything_else_means_itself(value: object) -> None:
    assert evaluate(value, DATA) == value


def test_a_literal_dollar_is_written_twice() -> None:
    assert evaluate(["$$5", "$$.order", "$$$"], DATA) == ["$5", "$.order", "$$"]


def test_every_badly_written_reference_is_told_with_its_place() -> None:
    written = {"a": ["$.x", "$x"], "b": {"c": "$5"}}
    assert [fault.place for fault in syntax_faults(written, "input")] == [
        "input.a[1]",
        "input.b.c",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_data_are_never_taken_for_references(value: object) -> None:
    assert evaluate({"a": "$.a"}, {"a": value}) == {"a": value}


@given(JSON)
def test_any_value_can_be_written_literally(value: object) -> None:
    def written(item: object) -> object:
        if isinstance(item, dict):
            return {key: written(one) for key, one in item.items()}
        if isinstance(item, list):
            return [written(one) for one in item]
        return f"${item}" if isinstance(item, str) and item.startswith("$") else item

    assert json.dumps(evaluate(written(value), {})) == json.dumps(value)
