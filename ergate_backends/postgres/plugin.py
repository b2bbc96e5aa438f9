"""How the Postgres backend is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend, Finding
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate_backends.postgres.queue import PostgresQueue
    from ergate_backends.postgres.store import PostgresStore


def open_store(address: Address, clock: Clock) -> PostgresStore:
    """Open `postgres` (libpq's defaults and PG… variables) or `postgresql://…/database`.

    Our options are `?schema=ergate` and `?notify=off`; all others are libpq's.
    """
    from ergate_backends.postgres.store import PostgresStore
    from ergate_backends.postgres.target import Target

    return PostgresStore(Target.of(address), clock)


def open_queue(address: Address, _clock: Clock) -> PostgresQueue:
    """Open the external queue in the same schema; it is made if it is not there."""
    from ergate_backends.postgres.queue import PostgresQueue
    from ergate_backends.postgres.target import Target

    return PostgresQueue(Target.of(address))


def check(address: Address) -> Sequence[Finding]:
    """Look at the server's version, durability, schema, upkeep and clock."""
    from ergate_backends.postgres.checking import findings
    from ergate_backends.postgres.target import Target

    return findings(Target.of(address))


def schema_sql(address: Address) -> str:
    """Return the SQL that brings the schema from where it is to this version."""
    from ergate_backends.postgres.migrating import missing_sql
    from ergate_backends.postgres.target import Target

    return missing_sql(Target.of(address))


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `postgres`."""
    register(
        Backend(
            name="postgres",
            summary="One schema in a Postgres database, for any number of machines",
            schemes=("postgresql",),
            open_store=open_store,
            open_queue=open_queue,
            extra="postgres",
            level="L2",
            check=check,
            schema_sql=schema_sql,
        )
    )
