"""Comparing two JSON schemas: what one produces with what the other accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ergate.workflows.examples import example_of
from ergate.workflows.scalars import is_scalar_accepted, types_of

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that is produced and not accepted: why, and an example of it."""

    reason: str
    example: object

    def inside(self, where: str, around: Callable[[object], object]) -> Problem:
        """Return the same problem as seen from the value that contains this one."""
        return Problem(f"{where}: {self.reason}", around(self.example))


class Comparison:
    """Looks for a JSON value that `sent` allows and `taken` does not accept.

    Constraints such as lengths and patterns are not compared, only types and structure.
    """

    def __init__(self, sent: Schema, taken: Schema, *, is_null_accepted: bool) -> None:
        self._sent = sent
        self._taken = taken
        if is_null_accepted:
            self._taken = {"anyOf": [taken, {"type": "null"}], "$defs": taken.get("$defs", {})}
        self._sent_defs: dict[str, Schema] = sent.get("$defs", {})
        self._taken_defs: dict[str, Schema] = taken.get("$defs", {})
        self._known: dict[tuple[int, int], Problem | None] = {}

    def problem(self) -> Problem | None:
        """Return the first problem found, or `None`."""
        return self._compare(self._sent, self._taken)

    def _compare(self, sent: Any, taken: Any) -> Problem | None:
        sent, taken = _follow(sent, self._sent_defs), _follow(taken, self._taken_defs)
        if not isinstance(sent, dict) or not isinstance(taken, dict):
            return None  # `true`, which is anything
        key = (id(sent), id(taken))
        if key not in self._known:
            self._known[key] = None  # a type that contains itself fits where it fits elsewhere
            self._known[key] = self._compare_schemas(sent, taken)
        return self._known[key]

    def _compare_schemas(self, sent: Schema, taken: Schema) -> Problem | None:
        if (ways := _alternatives(sent)) is not None:
            return _first(self._compare(way, taken) for way in ways)
        if "allOf" in sent:
            return self._compare(sent["allOf"][0], taken) if len(sent["allOf"]) == 1 else None
        if (ways := _alternatives(taken)) is not None:
            return self._compare_choices(sent, ways)
        if "allOf" in taken:
            return _first(self._compare(sent, part) for part in taken["allOf"])
        sent_types, taken_types = types_of(sent), types_of(taken)
        if sent_types is None or taken_types is None:
            return None
        return _first(self._compare_type(kind, sent, taken_types, taken) for kind in sent_types)

    def _compare_choices(self, sent: Schema, ways: list[Any]) -> Problem | None:
        problems = [self._compare(sent, way) for way in ways]
        if not problems or any(problem is None for problem in problems):
            return None
        return max((item for item in problems if item), key=lambda item: len(item.reason))

    def _compare_type(
        self, kind: str, sent: Schema, taken_types: list[str], taken: Schema
    ) -> Problem | None:
        if kind in taken_types:
            if kind == "object":
                return self._compare_objects(sent, taken)
            return self._compare_arrays(sent, taken) if kind == "array" else None
        if any(is_scalar_accepted(kind, sent, other, taken) for other in taken_types):
            return None
        wanted = " or ".join(_words(other) for other in taken_types)
        example = None if kind == "null" else example_of({**sent, "type": kind}, self._sent_defs)
        return Problem(f"{_words(kind)} is not accepted as {wanted}", example)

    def _compare_arrays(self, sent: Schema, taken: Schema) -> Problem | None:
        ahead, wanted = sent.get("prefixItems"), taken.get("prefixItems")
        if ahead is None and wanted is None:
            found = self._compare(sent.get("items", True), taken.get("items", True))
            return found and found.inside("in each item", lambda value: [value])
        if ahead is None:
            needed = (wanted or [])[: taken.get("minItems", 0)]  # a shorter list may be fine
            found = _first(self._compare(sent.get("items", True), item) for item in needed)
            return found and found.inside("in an item", lambda value: [value] * len(needed))
        if not taken.get("minItems", 0) <= len(ahead) <= taken.get("maxItems", len(ahead)):
            reason = f"{len(ahead)} items are not accepted as {taken.get('minItems', 0)}"
            return Problem(reason, example_of(sent, self._sent_defs))
        rest = taken.get("items", True)
        for place, item in enumerate(ahead):
            other = wanted[place] if wanted is not None and place < len(wanted) else rest
            if found := self._compare(item, other):
                return found.inside(f"in item {place}", _replacing(self._examples(ahead), place))
        return None

    def _examples(self, schemas: list[Any]) -> list[object]:
        return [example_of(schema, self._sent_defs) for schema in schemas]

    def _compare_objects(self, sent: Schema, taken: Schema) -> Problem | None:
        example = example_of(sent, self._sent_defs)
        own = sent.get("properties")
        if own is None:  # a mapping: which keys it has, nobody knows
            found = self._compare(
                sent.get("additionalProperties", True), taken.get("additionalProperties", True)
            )
            return found and found.inside("in each value", lambda value: {"key": value})
        if not sent.get("additionalProperties"):
            for name in taken.get("required", ()):
                if name not in own:
                    return Problem(f'the required property "{name}" is missing', example)
        return _first(self._compare_property(name, sent, taken, example) for name in own)

    def _compare_property(
        self, name: str, sent: Schema, taken: Schema, example: object
    ) -> Problem | None:
        wanted = taken.get("properties", {}).get(name, taken.get("additionalProperties", True))
        if wanted is False:
            is_always_there = name in sent.get("required", ())
            return (
                Problem(f'property "{name}" is not allowed', example) if is_always_there else None
            )
        found = self._compare(sent["properties"][name], wanted)
        return found and found.inside(f'in property "{name}"', _replacing(example, name))


def _first(problems: Any) -> Problem | None:
    return next((problem for problem in problems if problem is not None), None)


def _follow(schema: Any, definitions: dict[str, Schema]) -> Any:
    for _ in range(100):  # a reference may lead to a reference, but not in a circle
        if not isinstance(schema, dict) or "$ref" not in schema:
            return schema
        schema = definitions.get(schema["$ref"].removeprefix("#/$defs/"), True)
    return True


def _alternatives(schema: Schema) -> list[Any] | None:
    ways: list[Any] | None = schema.get("anyOf", schema.get("oneOf"))
    return ways


def _replacing(container: Any, key: Any) -> Callable[[object], object]:
    def replace(value: object) -> object:
        if not isinstance(container, dict | list):
            return container
        copy: Any = container.copy()
        copy[key] = value
        return copy

    return replace


_WORDS = {
    "null": "None",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "an object",
}


def _words(kind: str) -> str:
    return _WORDS.get(kind, kind)
