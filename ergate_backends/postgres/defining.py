"""Definitions in two tables: every version, and which of them is current."""

from __future__ import annotations

from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.rows import Row, storable

# The count makes the second part wait for the first: all take their locks in this order.
_DEFINE = """
    WITH kept AS (
        INSERT INTO {schema}.definitions (kind, name, version, body, created_at)
        VALUES (%(kind)s, %(name)s, %(version)s, %(body)s,
                coalesce(nullif(%(created_at)s::float8, 0), {now}))
        ON CONFLICT (kind, name, version) DO NOTHING RETURNING 1
    )
    INSERT INTO {schema}.current_definitions (kind, name, version)
    SELECT %(kind)s, %(name)s, %(version)s FROM (SELECT count(*) FROM kept) AS done
    ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version
"""
_CURRENT = """
    SELECT kind, name, version, body, created_at
    FROM {schema}.current_definitions JOIN {schema}.definitions USING (kind, name, version)
    WHERE kind = %(kind)s AND (%(name)s::text IS NULL OR name = %(name)s) ORDER BY name
"""
_VERSION = """
    SELECT kind, name, version, body, created_at FROM {schema}.definitions
    WHERE kind = %(kind)s AND name = %(name)s AND version = %(version)s
"""
_VERSIONS = """
    SELECT kind, name, version, body, created_at FROM {schema}.definitions
    WHERE kind = %(kind)s AND name = %(name)s
    ORDER BY (kind, name, version) IN (
        SELECT kind, name, version FROM {schema}.current_definitions
    ) DESC, created_at DESC, version LIMIT %(limit)s
"""
_UNDEFINE = """
    DELETE FROM {schema}.current_definitions WHERE kind = %(kind)s AND name = %(name)s RETURNING 1
"""


class Definitions:
    """The definitions of one schema."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts

    def define(self, new: StoredDefinition) -> None:
        """Keep a version and make it the current one."""
        self._ask(
            _DEFINE,
            kind=new.kind,
            name=new.name,
            version=new.version,
            body=new.body,
            created_at=float(new.created_at),
        )

    def get(self, kind: DefinitionKind, name: str, version: str | None) -> StoredDefinition | None:
        """Return one version; None asks for the current one."""
        if version is None:
            rows = self._ask(_CURRENT, kind=kind, name=name)
        else:
            rows = self._ask(_VERSION, kind=kind, name=name, version=version)
        return _definition(rows[0]) if rows else None

    def all(self, kind: DefinitionKind) -> list[StoredDefinition]:
        """Return the current ones by name."""
        return [_definition(row) for row in self._ask(_CURRENT, kind=kind, name=None)]

    def versions(self, kind: DefinitionKind, name: str, limit: int) -> list[StoredDefinition]:
        """Return the versions of a name, the current one first and then the newest."""
        return [_definition(row) for row in self._ask(_VERSIONS, kind=kind, name=name, limit=limit)]

    def undefine(self, kind: DefinitionKind, name: str) -> bool:
        """Leave a name without a current version."""
        return bool(self._ask(_UNDEFINE, kind=kind, name=name))

    def _ask(self, statement: str, **values: object) -> list[Row]:
        kept = {name: storable(value) for name, value in values.items()}
        return self._acts.ask_text(self._acts.sql.of(statement), **kept)


def _definition(row: Row) -> StoredDefinition:
    kind, name, version, body, created_at = row
    return StoredDefinition(kind=kind, name=name, version=version, body=body, created_at=created_at)
