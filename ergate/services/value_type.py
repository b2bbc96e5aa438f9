"""The types that inputs and outputs can have: string, int, float, bool, object, array, list[T]."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ergate.errors import did_you_mean
from ergate.services.faults import Fault, joined, shown

DEEPEST_LIST = 8
_SCALARS = ("string", "int", "float", "bool", "object", "array")
_MOST_ITEM_FAULTS = 20
_SCHEMAS: dict[str, dict[str, object]] = {
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "object": {"type": "object"},
    "array": {"type": "array"},
    "any": {},
}


@dataclass(frozen=True, slots=True)
class ValueType:
    """One type: its name, and for `list[T]` the type of its items.

    `any` is what nobody declared, such as the inside of an object; it cannot be written.
    """

    name: str
    item: ValueType | None = None

    def __str__(self) -> str:
        return self.name if self.item is None else f"list[{self.item}]"

    def accepts(self, sent: ValueType) -> bool:
        """Whether values of type `sent` may fit; what cannot be told is checked when it runs."""
        if "any" in (self.name, sent.name) or (self.name, sent.name) == ("float", "int"):
            return True
        if self.item is not None and sent.item is not None:
            return self.item.accepts(sent.item)
        return self.name == sent.name

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema of values of this type."""
        schema = dict(_SCHEMAS[self.name])
        if self.item is not None:
            schema["items"] = self.item.schema()
        return schema


ANY = ValueType("any")
STRING, INT, FLOAT, BOOL, OBJECT, ARRAY = (ValueType(name) for name in _SCALARS)


@lru_cache(maxsize=1024)
def parse_type(text: str) -> ValueType:
    """Return the type that `text` names; raises `ValueError` with a sentence that says why not."""
    inner, depth = text.strip(), 0
    while inner.startswith("list[") and inner.endswith("]") and depth <= DEEPEST_LIST:
        inner, depth = inner[len("list[") : -1].strip(), depth + 1
    if depth > DEEPEST_LIST:
        raise ValueError(f"has lists within lists deeper than {DEEPEST_LIST} levels")
    if inner not in _SCALARS:
        raise ValueError(
            f"is no type: {shown(inner)}.{did_you_mean(inner, _SCALARS)} "
            f"Types are {', '.join(_SCALARS)}, and lists of them such as list[int]"
        )
    found = ValueType(inner)
    for _ in range(depth):
        found = ValueType("array", found)
    return found


def type_of(value: object) -> ValueType:
    """Return the type of a JSON value; `any` for null and for what is no JSON."""
    match value:
        case bool():
            return BOOL
        case str():
            return STRING
        case int():
            return INT
        case float():
            return FLOAT
        case dict():
            return OBJECT
        case list():
            return ARRAY
        case _:
            return ANY


def value_faults(wanted: ValueType, value: object, place: str) -> Iterator[Fault]:
    """Yield what keeps a JSON value from being of a type, strictly: "1" is no int, true is none.

    An int is accepted as a float. Of a long list only the first faults are told.
    """
    if wanted.name == "any":
        return
    found = type_of(value)
    if found.name != wanted.name and (wanted.name, found.name) != ("float", "int"):
        named = "null" if value is None else f"{found} {shown(value)}".strip()
        yield Fault(place, f"must be {wanted}, not {named}.")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Fault(place, f"is {value}, which JSON cannot carry.")
    elif isinstance(value, str) and not _is_text(value):
        yield Fault(place, "holds a lone surrogate, which is no character.")
    elif isinstance(value, list) and wanted.item is not None:
        yield from _item_faults(wanted.item, value, place)


def _item_faults(wanted: ValueType, items: list[object], place: str) -> Iterator[Fault]:
    count = 0
    for index, item in enumerate(items):
        for fault in value_faults(wanted, item, joined(place, f"[{index}]")):
            yield fault
            count += 1
            if count == _MOST_ITEM_FAULTS:
                yield Fault(place, "has more items that do not fit.")
                return


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
