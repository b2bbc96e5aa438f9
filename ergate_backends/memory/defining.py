"""Definitions in memory: all versions, and which of them is current."""

from __future__ import annotations

from dataclasses import replace

from ergate.contracts.definitions import DefinitionKind, StoredDefinition


class Definitions:
    """The definitions of one store; not thread-safe by itself."""

    def __init__(self) -> None:
        self._versions: dict[tuple[DefinitionKind, str, str], StoredDefinition] = {}
        self._current: dict[tuple[DefinitionKind, str], str] = {}

    def define(self, new: StoredDefinition, now: float) -> None:
        """Keep a version and make it the current one."""
        dated = replace(new, created_at=new.created_at or now)
        self._versions.setdefault((new.kind, new.name, new.version), dated)
        self._current[new.kind, new.name] = new.version

    def get(self, kind: DefinitionKind, name: str, version: str | None) -> StoredDefinition | None:
        """Return one version; None asks for the current one."""
        wanted = self._current.get((kind, name)) if version is None else version
        return None if wanted is None else self._versions.get((kind, name, wanted))

    def all(self, kind: DefinitionKind) -> list[StoredDefinition]:
        """Return the current ones by name."""
        current = sorted(self._current.items())
        return [self._versions[of, name, version] for (of, name), version in current if of == kind]

    def versions(self, kind: DefinitionKind, name: str, limit: int) -> list[StoredDefinition]:
        """Return the versions of a name, the current one first and then the newest."""
        current = self._current.get((kind, name))
        all_ = [one for key, one in self._versions.items() if key[:2] == (kind, name)]
        all_.sort(key=lambda one: (one.version != current, -one.created_at, one.version))
        return all_[:limit]

    def undefine(self, kind: DefinitionKind, name: str) -> bool:
        """Leave a name without a current version."""
        return self._current.pop((kind, name), None) is not None
