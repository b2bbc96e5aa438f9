"""Runs one statement of ours, with the time that its store goes by."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from ergate.clock import Clock, SystemClock
from ergate_backends.postgres.connection import ANSWER_S, PLANS_OF_TRANSACTION, Connection
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.rows import Row
from ergate_backends.postgres.statements import Statements

BYTES_PER_S = 1e6
"""How much the slowest server writes in a second: a large batch must not be given up too soon."""

REPLAN_S = 5.0
"""How long a plan is kept. One that was made for an empty table reads all of a full one, and the
server itself would not think of a new one before its next look at the statistics."""


class Acts:
    """The statements of one schema over one pool.

    The time is the server's own, so that machines with different clocks agree; a clock other than
    the system's (as tests have) replaces it.
    """

    def __init__(self, pool: Pool, sql: Statements, clock: Clock) -> None:
        self.pool = pool
        self.sql = sql
        self._clock = None if isinstance(clock, SystemClock) else clock

    def ask(self, name: str, **values: object) -> list[Row]:
        """Run a statement by name, as one transaction and one round trip; return its rows."""
        with self.pool.use() as connection:
            if connection.keeps_session:
                return self.on(connection, name, **values)
            with connection.pipeline(), connection.transaction():
                connection.execute(PLANS_OF_TRANSACTION.encode())
                cursor = self._start(connection, self.sql(name), values)
            return _rows(cursor)

    def ask_text(
        self, statement: bytes, *, answer_s: float = ANSWER_S, **values: object
    ) -> list[Row]:
        """Run a statement that was put together."""
        with self.pool.use(answer_s) as connection:
            return self.on(connection, statement, **values)

    def on(self, connection: Connection, statement: bytes | str, **values: object) -> list[Row]:
        """Run a statement, or one by name, on a connection in hand."""
        text = self.sql(statement) if isinstance(statement, str) else statement
        return _rows(self._start(connection, text, values))

    def _start(
        self, connection: Connection, statement: bytes, values: dict[str, object]
    ) -> psycopg.Cursor[Row]:
        connection.work_s = _size(values) / BYTES_PER_S
        return connection.execute(_dated(statement), values | {"now": self.now}, binary=True)

    @property
    def now(self) -> float | None:
        """The time that a test wants it to be; None for the server's."""
        return None if self._clock is None else self._clock.now()


def arrays(values: Sequence[str]) -> list[str]:
    """Return names without repetition, in their order, as an array parameter."""
    return list(dict.fromkeys(values))


def _dated(statement: bytes) -> bytes:
    """Return a statement whose text, and so whose plan, lasts for a few seconds."""
    return b"%s\n-- %d" % (statement, time.monotonic() // REPLAN_S)


def _size(values: dict[str, object]) -> int:
    return sum(len(value) for value in values.values() if isinstance(value, str))


def _rows(cursor: psycopg.Cursor[Row]) -> list[Row]:
    return cursor.fetchall() if cursor.description else []
