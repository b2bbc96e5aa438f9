"""Whether what one step returns can be the input of another, as far as types can tell.

Both types are compared as JSON schemas, since JSON is what travels between them.
Only what can be shown is reported: when in doubt, the value is let through and checked at run time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Never, NoReturn

import pydantic
from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import (
    GenerateJsonSchema,
    JsonSchemaMode,
    JsonSchemaValue,
    JsonSchemaWarningKind,
)
from pydantic_core.core_schema import DecimalSchema

from ergate.injection.plan import InputParameter
from ergate.injection.sources import type_name
from ergate.types import adapter_for
from ergate.workflows.schemas import Comparison, Schema

logger = logging.getLogger(__name__)

# What a validator of the user's may turn into what, no schema tells.
_OPAQUE = frozenset({"function-before", "function-wrap", "function-plain"})
_ALWAYS_WRITTEN = frozenset({"model-field", "dataclass-field", "computed-field"})
_NO_SCHEMA_BELOW = frozenset({"metadata", "cls", "function", "serialization", "config", "default"})


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a value does not fit: both types and the reason, in words for a message."""

    sent: str
    taken: str
    reason: str
    hint: str = ""


def mismatch(sent: Any, taken: InputParameter) -> Mismatch | None:
    """Return why values of type `sent` cannot all be taken, or `None` when they may fit.

    `None` that is sent to a parameter with a default fits: the default is used.
    Types that have no JSON schema fit everything.
    """
    if sent in (Any, NoReturn, Never) or taken.annotation is Any:
        return None
    try:
        found = _cached_mismatch(sent, taken.annotation, has_default=taken.has_default)
    except TypeError:  # an unhashable annotation
        found = _mismatch(sent, taken.annotation, has_default=taken.has_default)
    if found is None:
        return None
    is_null = found.startswith("None ")
    hint = f", or give {taken.name!r} a default" if is_null else ""
    return Mismatch(type_name(sent), type_name(taken.annotation), found, hint)


@lru_cache(maxsize=1024)
def _cached_mismatch(sent: Any, taken: Any, *, has_default: bool) -> str | None:
    return _mismatch(sent, taken, has_default=has_default)


def _mismatch(sent: Any, taken: Any, *, has_default: bool) -> str | None:
    try:
        taken_adapter = adapter_for(taken)
        if _is_opaque(taken_adapter):
            return None
        sent_schema = _schema(adapter_for(sent), "serialization")
        taken_schema = _schema(taken_adapter, "validation")
        if sent_schema is None or taken_schema is None:
            return None
        problem = Comparison(sent_schema, taken_schema, is_null_accepted=has_default).problem()
        if problem is None or _is_taken(taken_adapter, problem.example):
            return None
    except Exception:  # registration must not fail for a type that only this comparison minds
        logger.debug("Types %r and %r cannot be compared.", sent, taken, exc_info=True)
        return None
    return problem.reason


class _StrictGenerator(GenerateJsonSchema):
    """Tells a decimal from other text, and gives up where the schema would leave out a choice."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        if kind == "skipped-choice":
            raise PydanticInvalidForJsonSchema(detail)

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: FBT001  # pydantic's
        if self.mode == "serialization" and field["type"] in _ALWAYS_WRITTEN:
            return field.get("serialization_exclude_if") is None  # defaults are written too
        return super().field_is_required(field, total)

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:
        written = super().decimal_schema(schema)
        # Written as text, it can still be read as a number.
        return {**written, "format": "decimal"} if self.mode == "serialization" else written


def _schema(adapter: TypeAdapter[Any], mode: JsonSchemaMode) -> Schema | None:
    """Return the schema by field names; `None` when aliases make names depend on the moment."""
    by_name, by_alias = (
        adapter.json_schema(mode=mode, by_alias=flag, schema_generator=_StrictGenerator)
        for flag in (False, True)
    )
    return by_name if by_name == by_alias else None


def _is_opaque(adapter: TypeAdapter[Any]) -> bool:
    return any(schema.get("type") in _OPAQUE for schema in _parts(adapter.core_schema))


def _parts(root: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema inside a core schema; a loop, because schemas may be deep."""
    waiting: list[Any] = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(value for key, value in item.items() if key not in _NO_SCHEMA_BELOW)
        elif isinstance(item, list | tuple):
            waiting.extend(item)


def _is_taken(adapter: TypeAdapter[Any], example: object) -> bool:
    """Whether an example of what does not fit is accepted after all: reality has the last word."""
    try:
        adapter.validate_json(json.dumps(example), by_alias=True, by_name=True)
    except pydantic.ValidationError:
        return False
    return True
