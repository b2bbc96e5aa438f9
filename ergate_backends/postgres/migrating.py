"""Migrations: numbered SQL files, each applied once, under a lock that all processes share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources

from psycopg import errors

from ergate.errors import BackendUnavailable, SchemaError
from ergate_backends.postgres.connection import LONG_ANSWER_S, Connection, connect
from ergate_backends.postgres.errors import translated
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.statements import filled, quoted
from ergate_backends.postgres.target import Target

_LOCK = 0x65726761746531
"""Any number of our own: the letters of "ergate" and a one."""

_BEGIN = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
_NOTE = "INSERT INTO {schema}.migrations (version, name) VALUES ({version}, '{name}');"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    version: int
    name: str
    sql: str
    """The text to execute, with the schema's name filled in."""


def migrations(schema: str) -> Sequence[Migration]:
    """Return every migration for a schema of this name, the oldest first."""
    directory = resources.files(__package__).joinpath("migrations")
    names = sorted(entry.name for entry in directory.iterdir() if entry.name.endswith(".sql"))
    found = []
    for file in names:
        number, _, name = file.removesuffix(".sql").partition("_")
        parts = {"schema": quoted(schema), "version": str(int(number)), "name": name}
        text = directory.joinpath(file).read_text() + "\n" + _NOTE
        found.append(Migration(int(number), name, filled(text, parts)))
    return found


def missing_sql(target: Target) -> str:
    """Return the SQL that brings a schema to this version, as one transaction for `psql`.

    When the server cannot be reached from here, all of it. Raises `SchemaError` for a newer one.
    """
    schema = target.schema
    try:
        connection = connect(target)
    except BackendUnavailable:
        return _script(schema, 0, "the server could not be asked")
    with closing(connection), translated(target):
        stored = _refuse_newer(version(connection, schema), schema)
    return _script(schema, stored, f"from version {stored}")


def _script(schema: str, above: int, remark: str) -> str:
    wanted = [one for one in migrations(schema) if one.version > above]
    if not wanted:
        return f"-- Nothing is missing: the schema {schema} has version {above}."
    parts = [
        f"-- The schema {schema} of Ergate, up to version {latest(schema)} ({remark}).",
        "BEGIN;",
        f"SELECT pg_advisory_xact_lock({_LOCK});",
        filled(_BEGIN, {"schema": quoted(schema)}).strip(),
        *(one.sql for one in wanted),
        "COMMIT;",
    ]
    return "\n".join(parts)


def latest(schema: str) -> int:
    """Return the version of the schema that this code works with."""
    return migrations(schema)[-1].version


def version(connection: Connection, schema: str) -> int:
    """Return the version of the stored schema; 0 when there is none."""
    query = f"SELECT max(version) FROM {quoted(schema)}.migrations".encode()
    try:
        (row,) = connection.execute(query).fetchall()
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return 0
    return int(row[0] or 0)


def migrate(pool: Pool, schema: str) -> None:
    """Apply what is missing. Raises `SchemaError` when the stored schema is newer than we are."""
    with pool.use(LONG_ANSWER_S) as connection:
        if _refuse_newer(version(connection, schema), schema) == latest(schema):
            return
        with connection.transaction():
            # The lock ends with the transaction, so that this works through poolers too.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute(filled(_BEGIN, {"schema": quoted(schema)}).encode())
            stored = _refuse_newer(version(connection, schema), schema)
            for one in migrations(schema):
                if one.version > stored:
                    connection.execute(one.sql.encode())


def _refuse_newer(stored: int, schema: str) -> int:
    if stored > latest(schema):
        raise SchemaError(
            f"The schema {schema!r} has version {stored}, and this Ergate knows {latest(schema)} "
            "at most. Upgrade Ergate here, as it was on the machine that migrated it."
        )
    return stored
