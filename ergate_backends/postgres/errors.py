"""Errors of psycopg as errors of ours: what can be tried again, and what a person must repair."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from ergate.contracts.redaction import redact
from ergate.errors import BackendUnavailable, ErgateError, SchemaError, UsageError
from ergate_backends.postgres.target import Target

_NO_SCHEMA = (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Raise `BackendUnavailable`, `SchemaError` or `UsageError` for what psycopg raises."""
    try:
        yield
    except psycopg.Error as exc:
        raise _letter(exc, target) from exc


def _letter(exc: psycopg.Error, target: Target) -> ErgateError:
    said = f"Postgres at {target.label}: {shown(exc, target)}"
    if isinstance(exc, _NO_SCHEMA):
        return SchemaError(
            f"{said}. The schema {target.schema!r} is missing or not whole: run `ergate migrate`."
        )
    if isinstance(exc, errors.InsufficientPrivilege):
        return SchemaError(
            f"{said}. Let a user who may do that run `ergate migrate`, then grant this one USAGE "
            "on the schema, and SELECT, INSERT, UPDATE and DELETE on its tables."
        )
    if isinstance(exc, psycopg.DataError):
        return UsageError(f"{said}. Postgres cannot keep a value of this job.")
    return BackendUnavailable(f"{said}. {_advice(exc)}")


def _advice(exc: psycopg.Error) -> str:
    if isinstance(exc, errors.InvalidPassword | errors.InvalidAuthorizationSpecification):
        return "Check the user and the password."
    if isinstance(exc, errors.ReadOnlySqlTransaction):
        return "This server is a standby; name the primary, or add ?target_session_attrs=read-write"
    if isinstance(exc, errors.DiskFull):
        return "Free some space; nothing that was accepted is lost."
    if isinstance(exc, errors.TooManyConnections):
        return "Raise max_connections, or put a pooler in front and add ?notify=off"
    return "Check that the server runs and can be reached; `ergate doctor` tells more."


def shown(exc: Exception, target: Target) -> str:
    """Return the error's text on one line, without any secret."""
    return masked(" ".join(str(exc).split()).rstrip(". "), target)


def masked(text: str, target: Target) -> str:
    """Return `text` without the secrets of the address."""
    for secret in target.secrets:
        text = text.replace(secret, "***")
    return redact(text)
