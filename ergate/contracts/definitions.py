"""Definitions of services and workflows, kept in the store that all processes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import unsupported

DefinitionKind = Literal["service", "workflow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDefinition:
    """One version of one definition; the store reads nothing of its text."""

    kind: DefinitionKind
    name: str
    version: str
    """A hash of the text and of whatever it means: another text has another version."""
    body: str
    """JSON text."""
    created_at: float = 0.0
    """When this version was first defined, in seconds since 1970; 0 is now on the store's clock."""


class Definable:
    """What a state store can do for declared services and workflows: needs `DEFINITIONS`.

    A name has at most one current version; every version that was ever defined is kept, so that a
    job finds the one it started with, whatever became of the name.
    """

    def define(self, definition: StoredDefinition) -> None:
        """Keep this version, and make it the current one of its kind and name.

        A version that is there keeps the text and the time with which it came first. Of several
        calls at the same time the last one wins, and readers see one of them whole.
        """
        raise unsupported(self, Capability.DEFINITIONS)

    def definition(
        self, kind: DefinitionKind, name: str, version: str | None = None
    ) -> StoredDefinition | None:
        """Return the current version, or exactly `version`, current or not; None without it."""
        raise unsupported(self, Capability.DEFINITIONS)

    def definitions(self, kind: DefinitionKind) -> Sequence[StoredDefinition]:
        """Return the current version of every name, by name."""
        raise unsupported(self, Capability.DEFINITIONS)

    def versions(
        self, kind: DefinitionKind, name: str, *, limit: int = 20
    ) -> Sequence[StoredDefinition]:
        """Return up to `limit` versions of a name: the current one if any, then the newest."""
        raise unsupported(self, Capability.DEFINITIONS)

    def undefine(self, kind: DefinitionKind, name: str) -> bool:
        """Leave a name without a current version; return whether it had one."""
        raise unsupported(self, Capability.DEFINITIONS)
