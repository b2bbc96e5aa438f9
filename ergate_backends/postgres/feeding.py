"""Feeds: every statement that writes history copies its rows, a reader deletes what it has passed.

Why nothing is skipped stands beside the tables, in `migrations/0002_feeds.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.feed import FeedInfo, FeedRow
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import ANSWER_S, LONG_ANSWER_S
from ergate_backends.postgres.rows import Row, history_of_row, storable

_LOOK = "SELECT n, holder, held_until, {now} FROM {schema}.feeds WHERE name = %(name)s"
_HOLD = """
    INSERT INTO {schema}.feeds AS feed (name, holder, held_until)
    VALUES (%(name)s, %(holder)s, {now} + %(lease_s)s::float8)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
    WHERE feed.holder = excluded.holder OR feed.held_until <= {now}
    RETURNING n
"""
_READ = """
    SELECT n, workflow_name, {history_columns} FROM {schema}.feed_rows
    WHERE feed = %(feed)s ORDER BY n LIMIT %(limit)s
"""
_FORGET = """
    DELETE FROM {schema}.feed_rows
    WHERE feed = (SELECT n FROM {schema}.feeds WHERE name = %(name)s)
      AND n = ANY (%(passed)s::bigint[])
"""
_ALL = """
    SELECT name, holder, held_until, {now},
           (SELECT count(*) FROM {schema}.feed_rows WHERE feed = feeds.n),
           (SELECT at FROM {schema}.feed_rows WHERE feed = feeds.n ORDER BY n LIMIT 1)
    FROM {schema}.feeds ORDER BY name
"""
_DROP = "DELETE FROM {schema}.feeds WHERE name = %(name)s RETURNING n"
# An act that saw the feed may write after it is gone; nobody would ever read that.
_CLEAR = """
    DELETE FROM {schema}.feed_rows
    WHERE NOT EXISTS (SELECT FROM {schema}.feeds WHERE feeds.n = feed_rows.feed)
"""


class Feeds:
    """The feeds of one schema."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts

    def read(self, name: str, holder: str, limit: int, lease_s: float) -> list[FeedRow] | None:
        """Hold a feed and return its first rows; None when somebody else holds it."""
        held = self._held(storable(name), storable(holder), lease_s)
        if held is None or limit <= 0:
            return None if held is None else []
        return [_row(row) for row in self._ask(_READ, feed=held, limit=limit)]

    def _held(self, name: str, holder: str, lease_s: float) -> int | None:
        """Return the feed's number, or None; look before writing, as readers ask often."""
        found = self._ask(_LOOK, name=name)
        for number, holds, until, now in found:
            if holds != holder and until > now:
                return None
            if holds == holder and now + lease_s >= until > now + lease_s / 2:
                return int(number)
        if not found:
            self._ask(_CLEAR, answer_s=LONG_ANSWER_S)
        rows = self._ask(_HOLD, name=name, holder=holder, lease_s=lease_s)
        return int(rows[0][0]) if rows else None

    def advance(self, name: str, rows: Sequence[FeedRow]) -> None:
        """Delete rows that were passed; a number is never given twice."""
        if rows:
            self._ask(_FORGET, name=storable(name), passed=[one.handle for one in rows])

    def all(self) -> list[FeedInfo]:
        """Return how far each feed is behind."""
        return [
            FeedInfo(
                name=name,
                holder=holder if until > now else None,
                held_until=until,
                waiting=waiting,
                oldest_at=oldest_at,
            )
            for name, holder, until, now, waiting, oldest_at in self._ask(
                _ALL, answer_s=LONG_ANSWER_S
            )
        ]

    def drop(self, name: str) -> bool:
        """Delete a feed with its rows."""
        dropped = self._ask(_DROP, name=storable(name))
        self._ask(_CLEAR, answer_s=LONG_ANSWER_S)
        return bool(dropped)

    def _ask(self, statement: str, *, answer_s: float = ANSWER_S, **values: object) -> list[Row]:
        return self._acts.ask_text(self._acts.sql.of(statement), answer_s=answer_s, **values)


def _row(row: Row) -> FeedRow:
    return FeedRow(workflow_name=row[1], row=history_of_row(row[2:]), handle=row[0])
