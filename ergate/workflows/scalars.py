"""Which JSON types pydantic accepts in place of others when it reads JSON."""

from __future__ import annotations

import json
from typing import Any

import pydantic

from ergate.types import adapter_for

_PYTHON_TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
}
# Text in these formats is never a number; of other formats nothing is known.
_NEVER_NUMERIC = frozenset({"date-time", "date", "time", "duration", "uuid", "email", "uri"})
_ALWAYS = frozenset({("integer", "number"), ("boolean", "integer"), ("boolean", "number")})


def types_of(schema: dict[str, Any]) -> list[str] | None:
    """Return the JSON types that a schema allows; `None` when it does not tell."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    if isinstance(kind, list):
        return kind
    values = values_of(schema)
    return None if values is None else sorted({_type_of(value) for value in values})


def values_of(schema: dict[str, Any]) -> list[object] | None:
    """Return the only values that a schema allows, if it lists them."""
    if "const" in schema:
        return [schema["const"]]
    values: list[object] | None = schema.get("enum")
    return values


def is_scalar_accepted(
    sent_type: str, sent: dict[str, Any], taken_type: str, taken: dict[str, Any]
) -> bool:
    """Whether a value of one JSON type is accepted where another one is declared.

    Also true where it depends on the value in ways that the schemas do not tell.
    """
    if sent_type == "object" and taken_type == "array":
        return "prefixItems" in taken  # a named tuple can be read from an object
    if sent_type not in _PYTHON_TYPES or taken_type not in _PYTHON_TYPES:
        return False
    if (sent_type, taken_type) in _ALWAYS or values_of(taken) is not None:
        return True
    values = values_of(sent)
    if values is not None:
        return all(_reads_as(value, taken_type) for value in values)
    if taken_type == "string":
        return bool(taken.get("format", "uuid") != "uuid")  # times are also read from numbers
    if sent_type == "string":
        return "pattern" in sent or sent.get("format", "uuid") not in _NEVER_NUMERIC
    return False


def _reads_as(value: object, taken_type: str) -> bool:
    try:
        adapter_for(_PYTHON_TYPES[taken_type]).validate_json(json.dumps(value))
    except pydantic.ValidationError:
        return False
    return True


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
