"""Values as JSON text, under one contract for every backend.

The limits hold when a value is *written*, so that no step can store what no worker can read
(pydantic writes 254 levels of nesting and reads 200), and no value changes on the way (JSON would
turn NaN into null).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from ergate.errors import PayloadError


@dataclass(frozen=True, slots=True)
class Limits:
    """How large and how deep a stored value may be."""

    max_bytes: int = 1024 * 1024
    max_depth: int = 64


def dump(adapter: TypeAdapter[Any], value: object, limits: Limits, what: str) -> str:
    """Return `value` as JSON text, written by the type that `adapter` stands for.

    `what` names the value in errors, as in "The return value of step pay".
    Raises `PayloadError` for a value of another type, or one that breaks the contract.
    """
    if value is None:
        return _dump_none(adapter, what)
    try:
        plain = adapter.dump_python(value, mode="json", warnings="error")
    except (PydanticSerializationError, UnicodeDecodeError, RecursionError, ValueError) as exc:
        raise PayloadError(f"{what} cannot be written as JSON: {_first_line(exc)}") from exc
    return encode(plain, limits, what)


def _dump_none(adapter: TypeAdapter[Any], what: str) -> str:
    # pydantic writes None for any type without a warning, as for a step that forgot to return.
    if adapter.core_schema["type"] not in ("none", "any"):
        try:
            adapter.validate_python(None)
        except ValidationError as exc:
            reason = exc.errors(include_url=False)[0]["msg"]
            raise PayloadError(
                f"{what} is None, which does not fit its declared type: {reason}."
            ) from exc
    return "null"


def encode(plain: object, limits: Limits, what: str) -> str:
    """Return a value made of dicts, lists, strings, numbers, booleans and None as JSON text."""
    try:
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError as exc:
        raise _too_deep(what, limits) from exc
    except ValueError as exc:
        raise PayloadError(
            f"{what} cannot be stored: {_first_line(exc)}. JSON has no NaN and no infinity; "
            "use None, a string or a Decimal instead."
        ) from exc
    except TypeError as exc:
        raise PayloadError(f"{what} cannot be written as JSON: {_first_line(exc)}") from exc
    _check(text, limits, what)
    return text


def checked(text: str, limits: Limits, what: str) -> str:
    """Return JSON text that came from outside in its shortest form, after the same checks.

    Raises `PayloadError` when it is not JSON or breaks the contract.
    """
    _check(text, limits, what)
    try:
        plain = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise PayloadError(f"{what} is not JSON: {_first_line(exc)}.") from exc
    return encode(plain, limits, what)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def _check(text: str, limits: Limits, what: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as exc:
        raise PayloadError(
            f"{what} holds a lone surrogate ({text[exc.start]!r}), which is no character: "
            "decode the text with the right encoding, or store the bytes."
        ) from exc
    if size > limits.max_bytes:
        raise PayloadError(
            f"{what} has {size:,} bytes as JSON, and at most {limits.max_bytes:,} can be stored. "
            "Keep large data elsewhere and pass a reference, or raise max_payload_bytes."
        )
    if text.count("{") + text.count("[") > limits.max_depth and _depth(text) > limits.max_depth:
        raise _too_deep(what, limits)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _TOKEN.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _too_deep(what: str, limits: Limits) -> PayloadError:
    return PayloadError(
        f"{what} is nested deeper than {limits.max_depth} levels, which not every reader can take. "
        "Flatten it, or raise max_payload_depth."
    )


def _first_line(exc: BaseException) -> str:
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith(":"):
        return f"{lines[0]} {lines[1]}"
    return lines[0] if lines else type(exc).__name__
