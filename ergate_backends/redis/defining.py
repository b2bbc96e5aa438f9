"""Definitions in hashes: the versions of each name, and the current version of all names."""

from __future__ import annotations

from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate_backends.redis.server import Server


def define(server: Server, new: StoredDefinition) -> None:
    """Keep a version and make it the current one."""
    at = repr(float(new.created_at)) if new.created_at else ""
    server.run("define", new.kind, new.name, new.version, new.body, at)


def get(
    server: Server, kind: DefinitionKind, name: str, version: str | None
) -> StoredDefinition | None:
    """Return one version; None asks for the current one."""
    which = (kind, name) if version is None else (kind, name, version)
    found = server.run("definitions", *which, repeatable=True)
    return _definition(kind, *found[0]) if found else None


def all_of(server: Server, kind: DefinitionKind) -> list[StoredDefinition]:
    """Return the current ones by name."""
    found = server.run("definitions", kind, repeatable=True)
    return sorted((_definition(kind, *one) for one in found), key=lambda one: one.name)


def versions(server: Server, kind: DefinitionKind, name: str, limit: int) -> list[StoredDefinition]:
    """Return the versions of a name, the current one first and then the newest."""
    found = server.run("versions", kind, name, limit, repeatable=True)
    return [_definition(kind, *one) for one in found]


def undefine(server: Server, kind: DefinitionKind, name: str) -> bool:
    """Leave a name without a current version."""
    return bool(server.run("undefine", kind, name))


def _definition(kind: DefinitionKind, name: bytes, version: bytes, kept: bytes) -> StoredDefinition:
    at, _, body = kept.decode().partition(" ")
    return StoredDefinition(
        kind=kind,
        name=name.decode(),
        version=version.decode(),
        body=body,
        created_at=float(at),
    )
