"""Feeds: a trigger on the history fills them, a reader empties them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from ergate.contracts.feed import FeedInfo, FeedRow
from ergate_backends.sqlite.database import Database
from ergate_backends.sqlite.rows import HISTORY_COLUMNS, history_of_row

# A trigger, so that no statement that writes history can forget the feeds; made with the first feed
# and dropped with the last, because it makes settlements a few percent slower.
_FILL = """
    CREATE TRIGGER IF NOT EXISTS history_fed AFTER INSERT ON history
    BEGIN
        INSERT INTO feed_rows (feed, workflow_name, job_id, revision, event, status, seq, step_name,
                               next_step, attempt, worker_id, claimed_at, at, result, detail)
        SELECT feeds.n, jobs.workflow_name, NEW.job_id, NEW.revision, NEW.event, NEW.status,
               NEW.seq, NEW.step_name, NEW.next_step, NEW.attempt, NEW.worker_id, NEW.claimed_at,
               NEW.at, NEW.result, NEW.detail
        FROM feeds, jobs WHERE jobs.id = NEW.job_id;
    END
"""
_OPEN = "INSERT INTO feeds (name, holder, held_until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_HOLD = """
    UPDATE feeds SET holder = ?, held_until = ?
    WHERE name = ? AND (holder = ? OR held_until <= ?)
"""
_READ = f"""
    SELECT n, workflow_name, {HISTORY_COLUMNS} FROM feed_rows
    WHERE feed = (SELECT n FROM feeds WHERE name = ?) ORDER BY n LIMIT ?
"""
_FORGET = "DELETE FROM feed_rows WHERE n = ?"
_ALL = """
    SELECT name, holder, held_until,
           (SELECT count(*) FROM feed_rows WHERE feed = feeds.n),
           (SELECT at FROM feed_rows WHERE feed = feeds.n ORDER BY n LIMIT 1)
    FROM feeds ORDER BY name
"""


def feed(
    db: Database, name: str, holder: str, limit: int, lease_s: float, now: float
) -> list[FeedRow] | None:
    """Hold a feed and return its first rows; None when somebody else holds it."""
    until = now + lease_s
    with db.read() as tx:
        word = _standing(tx, name, holder, until, now)
    if word == "must write":
        with db.write() as tx:
            if tx.execute(_OPEN, (name, holder, until)).rowcount:
                tx.execute(_FILL)
            held = tx.execute(_HOLD, (holder, until, name, holder, now)).rowcount
        word = "holds" if held else "refused"
    if word == "refused":
        return None
    with db.read() as tx:
        return [_row(row) for row in tx.execute(_READ, (name, max(limit, 0)))]


def _standing(tx: sqlite3.Connection, name: str, holder: str, until: float, now: float) -> str:
    """Look before writing: an idle reader asks several times a second."""
    row = tx.execute("SELECT holder, held_until FROM feeds WHERE name = ?", (name,)).fetchone()
    if row is not None and row[0] != holder and row[1] > now:
        return "refused"
    if row is None or row[0] != holder:
        return "must write"
    # More than half of the lease is left, and no shorter one is wanted.
    is_fresh = until >= row[1] > now + (until - now) / 2
    return "holds" if is_fresh else "must write"


def advance(db: Database, rows: Sequence[FeedRow]) -> None:
    """Delete rows that were passed; a number is never given twice."""
    with db.write() as tx:
        tx.executemany(_FORGET, [(one.handle,) for one in rows])


def feeds(db: Database, now: float) -> list[FeedInfo]:
    """Return how far each feed is behind."""
    with db.read() as tx:
        found = tx.execute(_ALL).fetchall()
    return [
        FeedInfo(
            name=name,
            holder=holder if held_until > now else None,
            held_until=held_until,
            waiting=waiting,
            oldest_at=oldest_at,
        )
        for name, holder, held_until, waiting, oldest_at in found
    ]


def drop(db: Database, name: str) -> bool:
    """Delete a feed with its rows."""
    with db.write() as tx:
        number = tx.execute("DELETE FROM feeds WHERE name = ? RETURNING n", (name,)).fetchall()
        tx.executemany("DELETE FROM feed_rows WHERE feed = ?", number)
        if tx.execute("SELECT 1 FROM feeds LIMIT 1").fetchone() is None:
            tx.execute("DROP TRIGGER IF EXISTS history_fed")
    return bool(number)


def _row(row: tuple[Any, ...]) -> FeedRow:
    return FeedRow(workflow_name=row[1], row=history_of_row(row[2:]), handle=row[0])
