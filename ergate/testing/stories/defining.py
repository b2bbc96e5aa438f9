"""Definitions that come, are replaced and go."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from ergate.contracts.capabilities import Capability
from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate.testing.stories.story import Story

KINDS: tuple[DefinitionKind, ...] = ("service", "workflow")
kinds = st.sampled_from(KINDS)
names = st.sampled_from(["x", "y"])
versions = st.sampled_from(["v1", "v2", None])


class Defining(Story):
    """The store and a plain mapping have the same definitions."""

    def __init__(self) -> None:
        super().__init__()
        self.current: dict[tuple[DefinitionKind, str], StoredDefinition] = {}
        self.kept: dict[tuple[DefinitionKind, str, str], StoredDefinition] = {}

    def _keeps_definitions(self) -> bool:
        return Capability.DEFINITIONS in self.store.capabilities

    @precondition(_keeps_definitions)
    @rule(kind=kinds, name=names, version=versions)
    def define_or_undefine(self, kind: DefinitionKind, name: str, version: str | None) -> None:
        if version is None:
            had_one = self.current.pop((kind, name), None) is not None
            assert self.store.undefine(kind, name) == had_one
            return
        new = StoredDefinition(
            kind=kind, name=name, version=version, body=f"[{len(self.kept)}]", created_at=7.5
        )
        self.store.define(new)
        self.current[kind, name] = self.kept.setdefault((kind, name, version), new)

    @precondition(lambda self: self.kept)
    @invariant()
    def every_definition_is_there(self) -> None:
        for kind in KINDS:
            expected = [one for (of, _), one in sorted(self.current.items()) if of == kind]
            assert list(self.store.definitions(kind)) == expected
        for (kind, name, version), one in self.kept.items():
            assert self.store.definition(kind, name, version) == one
            assert self.store.definition(kind, name) == self.current.get((kind, name))
