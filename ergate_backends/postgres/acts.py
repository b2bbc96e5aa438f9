"""Runs one statement of ours, with the time that its store goes by."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.clock import Clock, SystemClock
from ergate_backends.postgres.connection import ANSWER_S, Connection
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.rows import Row
from ergate_backends.postgres.statements import Statements


class Acts:
    """The statements of one schema over one pool.

    The time is the server's own, so that machines with different clocks agree; a clock other than
    the system's (as tests have) replaces it.
    """

    def __init__(self, pool: Pool, sql: Statements, clock: Clock) -> None:
        self.pool = pool
        self.sql = sql
        self._clock = None if isinstance(clock, SystemClock) else clock

    def ask(self, name: str, *, answer_s: float = ANSWER_S, **values: object) -> list[Row]:
        """Run a statement by name, as one transaction and one round trip; return its rows."""
        return self.ask_text(self.sql(name), answer_s=answer_s, **values)

    def ask_text(
        self, statement: bytes, *, answer_s: float = ANSWER_S, **values: object
    ) -> list[Row]:
        """Run a statement that was put together."""
        with self.pool.use(answer_s) as connection:
            return self.on(connection, statement, **values)

    def on(self, connection: Connection, statement: bytes | str, **values: object) -> list[Row]:
        """Run a statement, or one by name, on a connection in hand."""
        text = self.sql(statement) if isinstance(statement, str) else statement
        cursor = connection.execute(text, values | {"now": self.now}, binary=True)
        return cursor.fetchall() if cursor.description else []

    @property
    def now(self) -> float | None:
        """The time that a test wants it to be; None for the server's."""
        return None if self._clock is None else self._clock.now()


def arrays(values: Sequence[str]) -> list[str]:
    """Return names without repetition, in their order, as an array parameter."""
    return list(dict.fromkeys(values))
