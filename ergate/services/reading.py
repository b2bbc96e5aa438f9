"""From JSON that somebody sent to a document, with every fault told in plain words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pydantic

from ergate.errors import did_you_mean
from ergate.services.conditions import And, Comparison, Not, Or
from ergate.services.document import Document
from ergate.services.faults import DefinitionFaults, Fault, below, shown
from ergate.services.fields import Field
from ergate.services.operations import (
    OPERATION_TYPES,
    Call,
    Choice,
    ChoiceRule,
    Fail,
    Pass,
    Succeed,
    Wait,
)
from ergate.services.policies import CatchRule, RetryRule
from ergate.services.service import Service
from ergate.services.value_type import type_of

D = TypeVar("D", bound=Document)

DEEPEST = 32
MOST_VALUES = 20_000
MOST_CHARACTERS = 256 * 1024
_LARGEST_INT_BITS = 64
_BRANCHES = {"float", "str", "int", "bool", "list", "dict"}
_OWNERS: dict[str, type[Document]] = {
    "inputs": Field, "outputs": Field, "retry": RetryRule, "catch": CatchRule,
    "choices": ChoiceRule, "«call»": Call, "«choice»": Choice, "«wait»": Wait, "«pass»": Pass,
    "«succeed»": Succeed, "«fail»": Fail, "«comparison»": Comparison, "«and»": And, "«or»": Or,
    "«not»": Not,
}  # fmt: skip
"""Whose keys they are, below which part of a document."""


def read_service(document: object) -> Service:
    """Return the service that a JSON object describes; raises `DefinitionFaults`."""
    return read(Service, document, "The service")


def read(model: type[D], document: object, what: str) -> D:
    """Return a document of one kind; raises `DefinitionFaults` with all that is wrong."""
    faults = shape_faults(model, document)
    if faults:
        raise DefinitionFaults(named(what, document), faults)
    return model.model_validate(document)


def named(what: str, document: object) -> str:
    """Return what a document is for a message, with its name when it has one."""
    name = document.get("name") if isinstance(document, Mapping) else None
    return f"{what} {shown(name)}" if isinstance(name, str) else what


def shape_faults(model: type[Document], document: object) -> list[Fault]:
    """Return what is wrong with a document by itself: keys, types, sizes."""
    return size_faults(document) or [fault for _, fault in located_faults(model, document)]


def size_faults(document: object) -> list[Fault]:
    """Return why a value is too deep, too large or no JSON; a loop, so that depth is no danger."""
    values = characters = 0
    waiting: list[tuple[object, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if depth > DEEPEST:
            return [Fault("", f"is nested deeper than {DEEPEST} levels.")]
        if isinstance(value, dict):
            waiting += ((item, depth + 1) for pair in value.items() for item in pair)
        elif isinstance(value, list):
            waiting += ((item, depth + 1) for item in value)
        elif isinstance(value, str):
            characters += len(value)
        if values + len(waiting) > MOST_VALUES or characters > MOST_CHARACTERS:
            return [
                Fault("", f"is too large: {MOST_VALUES} values and {MOST_CHARACTERS} characters "
                      "are allowed.")
            ]  # fmt: skip
        problem = _no_json(value)
        if problem:
            return [Fault("", problem)]
    return []


def _no_json(value: object) -> str | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        large = value.bit_length() > _LARGEST_INT_BITS
        return "has a number too large to be carried." if large else None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"has {value}, which JSON cannot carry."
    if isinstance(value, str):
        return None if value.isascii() or _is_text(value) else "has a lone surrogate in a text."
    if isinstance(value, dict | list):
        return None
    return f"has a value of type {type(value).__name__}, which is no JSON."


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


Location = tuple[int | str, ...]


def located_faults(model: type[Document], document: object) -> list[tuple[Location, Fault]]:
    """Return the faults of a document of bounded size, each with pydantic's own place for it."""
    if not isinstance(document, dict):
        return [((), Fault("", f"must be a JSON object, not {_kind(document)}."))]
    try:
        model.model_validate(document)
    except pydantic.ValidationError as exc:
        errors = exc.errors(include_url=False)
        return [(error["loc"], _fault(model, error)) for error in _own(errors)]
    return []


def _own(errors: list[Any]) -> Iterator[Any]:
    """Leave out a list that is only short because its items could not be read."""
    places = [error["loc"] for error in errors]
    for error in errors:
        loc = error["loc"]
        follows = any(len(other) > len(loc) and other[: len(loc)] == loc for other in places)
        if not (error["type"] == "too_short" and follows):
            yield error


def _fault(model: type[Document], error: Any) -> Fault:
    loc = error["loc"]
    if error["type"] != "extra_forbidden":
        return Fault(place_of(loc), _message(error))
    key = str(loc[-1])
    owners = [_OWNERS[str(part)] for part in loc[:-1] if str(part) in _OWNERS]
    keys = _keys(owners[-1] if owners else model)
    message = f"has the unknown key {shown(key)}.{did_you_mean(key, keys)}"
    return Fault(place_of(loc[:-1]), f"{message} Its keys are {', '.join(keys)}.")


def _keys(model: type[Document]) -> list[str]:
    names = [field.alias or name for name, field in model.model_fields.items()]
    return [name for name in names if name != "$schema"]  # which is there for programs


def place_of(loc: Location) -> str:
    """Return a place as people write it, from pydantic's, which names the branches of unions."""
    place = ""
    if loc and loc[-1] == "[key]":  # a key that cannot be one says so itself
        loc = loc[:-2]
    for index, part in enumerate(loc):
        if isinstance(part, int):
            place += f"[{part}]"
        elif part.startswith("«") or (part in _BRANCHES and loc[index - 1] == "seconds"):
            continue
        else:
            place = below(place, part)
    return place


def _message(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return f"{context['error']}."
    words = _WORDS.get(kind)
    if words is not None:
        return f"{words.format(**context)}, not {_kind(error['input'])}."
    match kind:
        case "missing":
            return "is missing."
        case "union_tag_invalid" | "union_tag_not_found":
            return _no_operation(error["input"])
        case "too_short":
            return f"must have at least {context['min_length']} item."
        case "too_long":
            return f"has more than the {context['max_length']} items that are allowed."
        case "string_too_long":
            return f"has more than the {context['max_length']} characters that are allowed."
        case _:
            return f"cannot be read: {error['msg']}."


_WORDS = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
}


def _no_operation(operation: object) -> str:
    if not isinstance(operation, dict):
        return f"must be an object, not {_kind(operation)}."
    known = ", ".join(OPERATION_TYPES)
    if "type" not in operation:
        return f"has no type. It must be one of {known}."
    kind = operation["type"]
    meant = did_you_mean(kind, OPERATION_TYPES) if isinstance(kind, str) else ""
    return f"has the unknown type {_kind(kind)}.{meant} It must be one of {known}."


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kind = type_of(value).name
    return {"object": "an object", "array": "a list"}.get(kind) or shown(value) or kind


def canonical(document: object) -> str:
    """Return JSON that is the same for the same values, whatever the order of their keys."""
    return json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
