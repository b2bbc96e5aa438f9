"""Definitions in two tables: every version, and which of them is current."""

from __future__ import annotations

from typing import Any

from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate_backends.sqlite.database import Database

_KEEP = """
    INSERT INTO definitions (kind, name, version, body, created_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, name, version) DO NOTHING
"""
_MAKE_CURRENT = """
    INSERT INTO current_definitions (kind, name, version) VALUES (?, ?, ?)
    ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version
"""
_CURRENT = """
    SELECT kind, name, version, body, created_at
    FROM current_definitions JOIN definitions USING (kind, name, version) WHERE kind = ?
"""
_VERSION = """
    SELECT kind, name, version, body, created_at FROM definitions
    WHERE kind = ? AND name = ? AND version = ?
"""
_VERSIONS = """
    SELECT kind, name, version, body, created_at FROM definitions WHERE kind = ? AND name = ?
    ORDER BY (kind, name, version) NOT IN (SELECT kind, name, version FROM current_definitions),
             created_at DESC, version LIMIT ?
"""
_UNDEFINE = "DELETE FROM current_definitions WHERE kind = ? AND name = ?"


def define(db: Database, new: StoredDefinition, now: float) -> None:
    """Keep a version and make it the current one."""
    key = (new.kind, new.name, new.version)
    with db.write() as tx:
        tx.execute(_KEEP, (*key, new.body, new.created_at or now))
        tx.execute(_MAKE_CURRENT, key)


def get(
    db: Database, kind: DefinitionKind, name: str, version: str | None
) -> StoredDefinition | None:
    """Return one version; None asks for the current one."""
    with db.read() as tx:
        if version is None:
            row = tx.execute(_CURRENT + " AND name = ?", (kind, name)).fetchone()
        else:
            row = tx.execute(_VERSION, (kind, name, version)).fetchone()
    return None if row is None else _definition(row)


def all_of(db: Database, kind: DefinitionKind) -> list[StoredDefinition]:
    """Return the current ones by name."""
    with db.read() as tx:
        return [_definition(row) for row in tx.execute(_CURRENT + " ORDER BY name", (kind,))]


def versions(db: Database, kind: DefinitionKind, name: str, limit: int) -> list[StoredDefinition]:
    """Return the versions of a name, the current one first and then the newest."""
    with db.read() as tx:
        return [_definition(row) for row in tx.execute(_VERSIONS, (kind, name, limit))]


def undefine(db: Database, kind: DefinitionKind, name: str) -> bool:
    """Leave a name without a current version."""
    with db.write() as tx:
        return bool(tx.execute(_UNDEFINE, (kind, name)).rowcount)


def _definition(row: tuple[Any, ...]) -> StoredDefinition:
    kind, name, version, body, created_at = row
    return StoredDefinition(kind=kind, name=name, version=version, body=body, created_at=created_at)
