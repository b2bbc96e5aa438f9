"""Dead letters: what nobody could understand, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.state_store import DeadLetter
from ergate_backends.sqlite.database import Database

_BURY = """
    INSERT INTO dead_letters (id, queue, body, reason, at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING
"""
_NEWEST = "SELECT id, queue, body, reason, at FROM dead_letters ORDER BY n DESC LIMIT ?"
_EXHUME = "DELETE FROM dead_letters WHERE id = ? RETURNING id, queue, body, reason, at"


def bury(db: Database, letters: Sequence[DeadLetter], now: float) -> None:
    """Add letters; those that are there already stay as they are."""
    with db.write() as tx:
        tx.executemany(_BURY, [(x.id, x.queue, x.body, x.reason, x.at or now) for x in letters])


def newest(db: Database, limit: int) -> list[DeadLetter]:
    """Return letters, the newest first."""
    with db.read() as tx:
        return [_letter(row) for row in tx.execute(_NEWEST, (limit,))]


def exhume(db: Database, letter_id: str) -> DeadLetter | None:
    """Remove a letter and return it."""
    with db.write() as tx:
        rows = tx.execute(_EXHUME, (letter_id,)).fetchall()
    return _letter(rows[0]) if rows else None


def _letter(row: tuple[str, str, bytes, str, float]) -> DeadLetter:
    letter_id, queue, body, reason, at = row
    return DeadLetter(id=letter_id, queue=queue, body=body, reason=reason, at=at)
