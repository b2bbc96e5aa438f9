"""What `ergate doctor` looks at in a Postgres server."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from ergate.contracts.backend import Finding
from ergate_backends.postgres import migrating
from ergate_backends.postgres.connection import Connection, connect
from ergate_backends.postgres.durability import durability_of
from ergate_backends.postgres.errors import translated
from ergate_backends.postgres.statements import quoted
from ergate_backends.postgres.target import Target

OLDEST = 14
"""The oldest major version that is tested."""
SKEW_S = 2.0
SLOW_S = 0.02
LONG_TRANSACTION_S = 600.0
MANY_DEAD_ROWS = 100_000
_ROUND_TRIPS = 15


def findings(target: Target) -> Sequence[Finding]:
    """Return what was seen, without changing anything. Raises `BackendUnavailable`."""
    looks: Sequence[Callable[[Connection, Target], Iterator[Finding]]] = (
        _server,
        _durability,
        _schema,
        _upkeep,
        _clock,
        _round_trip,
        _calls,
    )
    connection = connect(target)
    try:
        with translated(target):
            return [finding for look in looks for finding in look(connection, target)]
    finally:
        connection.close()


def _server(connection: Connection, _target: Target) -> Iterator[Finding]:
    query = (
        b"SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
        b"current_setting('server_encoding'), pg_is_in_recovery()"
    )
    version, number, encoding, is_standby = connection.execute(query).fetchall()[0]
    yield Finding(
        level="ok" if number // 10_000 >= OLDEST else "warning",
        subject="server",
        detail=f"PostgreSQL {version}",
        advice="" if number // 10_000 >= OLDEST else f"Tested from {OLDEST} on: upgrade it.",
    )
    if encoding != "UTF8":
        yield Finding(
            level="problem",
            subject="encoding",
            detail=f"the database keeps text as {encoding}, which has not every character",
            advice="CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        )
    if is_standby:
        yield Finding(
            level="problem",
            subject="server",
            detail="it is a standby and takes no writes",
            advice="Name the primary, or add ?target_session_attrs=read-write to the address.",
        )


def _durability(connection: Connection, _target: Target) -> Iterator[Finding]:
    seen = durability_of(connection)
    named = f"synchronous_commit={seen.synchronous_commit}, fsync={seen.fsync}"
    if seen.fsync != "on":
        yield Finding(
            level="problem",
            subject="durability",
            detail=f"{named}: a power loss can damage the whole database ({seen.level})",
            advice="ALTER SYSTEM SET fsync = on; then restart the server.",
        )
    elif seen.synchronous_commit == "off":
        yield Finding(
            level="warning",
            subject="durability",
            detail=f"{named}: the last accepted jobs may be lost when the power fails (L1)",
            advice="ALTER DATABASE … SET synchronous_commit = on, for L2.",
        )
    else:
        yield Finding(level="ok", subject="durability", detail=f"{named}: {seen.level}")


def _schema(connection: Connection, target: Target) -> Iterator[Finding]:
    stored, known = migrating.version(connection, target.schema), migrating.latest(target.schema)
    if stored > known:
        detail = f"schema version {stored} is newer than this Ergate ({known})"
        yield Finding(level="problem", subject="schema", detail=detail, advice="Upgrade Ergate.")
    elif stored < known:
        have = f"has version {stored} of {known}" if stored else "is not there yet"
        yield Finding(
            level="warning",
            subject="schema",
            detail=f"{target.schema!r} {have}",
            advice="Run `ergate migrate`; workers do it at their start too.",
        )
    else:
        detail = f"{target.schema!r} has version {stored} of {known}"
        yield Finding(level="ok", subject="schema", detail=detail)


def _upkeep(connection: Connection, target: Target) -> Iterator[Finding]:
    query = (
        b"SELECT current_setting('autovacuum'), (SELECT coalesce(max(extract(epoch FROM "
        b"clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity "
        b"WHERE datname = current_database() AND backend_type = 'client backend')"
    )
    autovacuum, oldest_s = connection.execute(query).fetchall()[0]
    if autovacuum != "on":
        yield Finding(
            level="problem",
            subject="autovacuum",
            detail="it is off: tables grow, and claims become slow",
            advice="ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();",
        )
    if oldest_s > LONG_TRANSACTION_S:
        yield Finding(
            level="warning",
            subject="transactions",
            detail=f"one has been open for {oldest_s:.0f} s: vacuum can clean nothing meanwhile",
            advice="Find it in pg_stat_activity; set idle_in_transaction_session_timeout.",
        )
    yield from _dead_rows(connection, target)


def _dead_rows(connection: Connection, target: Target) -> Iterator[Finding]:
    query = b"SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE schemaname = %s"
    for table, dead in connection.execute(query, (target.schema,)).fetchall():
        if table in ("ready", "held") and dead > MANY_DEAD_ROWS:
            yield Finding(
                level="warning",
                subject="dead rows",
                detail=f"{dead:,} in {target.schema}.{table}: claims have to pass over them",
                advice=f"VACUUM {quoted(target.schema)}.{table}; and see `transactions` above.",
            )


def _clock(connection: Connection, _target: Target) -> Iterator[Finding]:
    before = time.time()
    query = b"SELECT extract(epoch FROM clock_timestamp())::float8"
    server = connection.execute(query).fetchall()[0][0]
    apart_s = server - (before + time.time()) / 2
    is_apart = abs(apart_s) > SKEW_S
    yield Finding(
        level="warning" if is_apart else "ok",
        subject="clock",
        detail=f"the server's is {apart_s:+.2f} s from this machine's",
        advice="Set both by NTP: a start time is compared with the server's clock." * is_apart,
    )


def _round_trip(connection: Connection, _target: Target) -> Iterator[Finding]:
    times = []
    for _ in range(_ROUND_TRIPS):
        start = time.perf_counter()
        connection.execute(b"SELECT 1")
        times.append(time.perf_counter() - start)
    median_s = statistics.median(times)
    yield Finding(
        level="warning" if median_s > SLOW_S else "ok",
        subject="network",
        detail=f"{median_s * 1000:.2f} ms for one round trip",
        advice="Bring workers and server together." * (median_s > SLOW_S),
    )


def _calls(_connection: Connection, target: Target) -> Iterator[Finding]:
    if target.notify:
        detail = "LISTEN/NOTIFY wakes idle workers at once"
    else:
        detail = "off: idle workers look four times a second, as it must be behind a pooler"
    yield Finding(level="ok", subject="notify", detail=detail)
