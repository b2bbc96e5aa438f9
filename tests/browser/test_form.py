"""From a JSON Schema to fields, and from what was typed to a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

KIND = """async (schema) => {
    const { readField } = await import("/static/form/schema.js");
    const field = readField(schema);
    return [field.kind, field.isNullable];
}"""
VALUE = """async ([schema, typed]) => {
    const { readField } = await import("/static/form/schema.js");
    const { draftOf, newDraft, valueOf, LEFT_OUT } = await import("/static/form/draft.js");
    const { compact, parse } = await import("/static/json.js");
    const field = readField(schema, schema, { isRequired: schema.isRequired ?? true });
    const draft = typed === null ? newDraft(field) : draftOf(field, parse(typed));
    const faults = [];
    const value = valueOf(field, draft, faults);
    const told = value === LEFT_OUT ? "left out" : compact(value);
    return [told, faults.map((one) => one.path.join("."))];
}"""
TYPED = """async ([schema, text]) => {
    const { readField } = await import("/static/form/schema.js");
    const { valueOf, LEFT_OUT } = await import("/static/form/draft.js");
    const { compact } = await import("/static/json.js");
    const faults = [];
    const value = valueOf(readField(schema), { text }, faults);
    return value === LEFT_OUT ? faults.map((one) => one.text).join() : compact(value);
}"""
NODE = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}], "default": None},
            },
            "required": ["name"],
        }
    },
    "$ref": "#/$defs/Node",
}


@pytest.fixture
def script(page: Page) -> Page:
    page.goto("/static/index.html")
    return page


def test_each_schema_gets_the_field_that_fits_and_the_rest_are_json(script: Page) -> None:
    expected: list[tuple[dict[str, Any], str, bool]] = [
        ({"type": "string"}, "text", False),
        ({"type": "integer"}, "whole", False),
        ({"type": "number"}, "decimal", False),
        ({"type": "boolean"}, "yes", False),
        ({"enum": ["a", 1, None]}, "choice", True),
        ({"const": 3}, "fixed", False),
        ({"type": ["string", "null"]}, "text", True),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole", True),
        ({"oneOf": [{"type": "null"}, {"const": "x"}]}, "fixed", True),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "json", False),
        ({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^1"}]}, "text", False),
        ({"type": "array", "items": {"type": "string"}}, "list", False),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "json", False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "json", False),
        ({"type": "object", "properties": {"a": {}}}, "group", False),
        ({"allOf": [{"$ref": "#/x"}], "x": {"type": "boolean"}}, "yes", False),
        ({"$ref": "#/a", "a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}, "json", False),
        ({"$ref": "https://other.example/schema"}, "json", False),
        (NODE, "group", False),
        ({}, "json", False),
    ]
    found = [(schema, *script.evaluate(KIND, schema)) for schema, _, _ in expected]
    assert found == expected


def test_a_value_that_goes_through_the_form_stays_what_it_is(script: Page) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        (NODE, '{"name":"a","next":{"name":"b"}}'),
        ({"type": "integer"}, "123456789012345678901234567890"),
        ({"type": "number"}, "-1.5e-7"),
        ({"type": "array", "items": {"type": "boolean"}}, "[true,false]"),
        ({"type": "object", "properties": {"__proto__": {"type": "string"}}}, '{"__proto__":"a"}'),
        ({"enum": ["a", None, 3]}, "3"),
        ({"type": "string"}, '"\\u001b[2J \\u202e"'),
        ({}, '{"anything":[1,null]}'),
    ]
    for schema, text in cases:
        value, faults = script.evaluate(VALUE, [schema, text])
        assert (json.loads(value), faults) == (json.loads(text), [])


def test_defaults_are_filled_in_and_what_is_optional_is_left_out(script: Page) -> None:
    schema = {
        "type": "object",
        "properties": {
            "kept": {"type": "string", "default": "x"},
            "gone": {"type": "string"},
            "none": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "fixed": {"const": 1},
            "inner": {"type": "object", "properties": {"a": {"type": "integer"}}},
        },
        "required": ["none"],
    }
    assert script.evaluate(VALUE, [schema, None]) == [
        '{ "kept": "x", "none": null, "fixed": 1 }',
        [],
    ]
    needed = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert script.evaluate(VALUE, [needed, None])[1] == ["a"]


def test_numbers_are_read_exactly_or_not_at_all(script: Page) -> None:
    expected = [
        ("integer", " 12 ", "12"),
        ("integer", "1.0", "This is no whole number."),
        ("integer", "0x10", "This is no whole number."),
        ("number", ".5", "0.5"),
        ("number", "1,5", "This is no number; write it as 12.5."),
        ("number", "1e999", "This number is too large."),
        ("number", "Infinity", "This is no number; write it as 12.5."),
    ]
    found = [
        (kind, text, script.evaluate(TYPED, [{"type": kind}, text])) for kind, text, _ in expected
    ]
    assert found == expected
