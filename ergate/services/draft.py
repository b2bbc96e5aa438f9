"""What can be read of a definition with faults, so that the rest is checked all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ergate.services.definition import Definition
from ergate.services.document import Name
from ergate.services.faults import Fault
from ergate.services.fields import Field
from ergate.services.operations import Operation
from ergate.services.reading import located_faults, size_faults

_ITEMS: dict[str, TypeAdapter[Any]] = {
    "services": TypeAdapter(Name),
    "inputs": TypeAdapter(Field),
    "outputs": TypeAdapter(Field),
    "operations": TypeAdapter(Operation),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The readable parts of a definition, each with its position in the document."""

    services: Mapping[int, str]
    inputs: Mapping[int, Field]
    outputs: Mapping[int, Field]
    operations: Mapping[int, Operation]
    unread: frozenset[str] = frozenset()
    """The keys of the definition below which something could not be read."""
    unread_states: frozenset[str] = frozenset()
    """Names of states that could not be read, which others may lead to all the same."""

    @property
    def is_straight(self) -> bool:
        """Whether it is a list of services, without operations."""
        return not self.operations and "operations" not in self.unread


def draft_of(document: object) -> tuple[Draft | None, list[Fault]]:
    """Return what can be read of a definition, and every fault of what cannot.

    There is no draft of a document that is too large or no object at all.
    """
    faults = size_faults(document)
    if faults or not isinstance(document, dict):
        return None, faults or [fault for _, fault in located_faults(Definition, document)]
    located = located_faults(Definition, document)
    broken = {(str(loc[0]), loc[1] if len(loc) > 1 else None) for loc, _ in located if loc}
    parts = {key: _readable(key, document, broken) for key in _ITEMS}
    draft = Draft(
        **parts,
        unread=frozenset(key for key, _ in broken),
        unread_states=frozenset(_names(document.get("operations"), broken)),
    )
    return draft, [fault for _, fault in located]


Broken = set[tuple[str, Any]]


def _readable(key: str, document: dict[str, Any], broken: Broken) -> dict[int, Any]:
    items = document.get(key)
    if not isinstance(items, list) or (key, None) in broken:
        return {}
    return {
        index: _ITEMS[key].validate_python(item, strict=True)
        for index, item in enumerate(items)
        if (key, index) not in broken
    }


def _names(operations: object, broken: Broken) -> list[str]:
    items = operations if isinstance(operations, list) else []
    names = [
        item.get("name")
        for index, item in enumerate(items)
        if ("operations", index) in broken and isinstance(item, dict)
    ]
    return [name for name in names if isinstance(name, str)]
