"""Dead letters: what nobody could understand, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.state_store import DeadLetter
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.rows import Row, storable

_BURY = """
    INSERT INTO {schema}.dead_letters (id, queue, body, reason, at)
    SELECT id, queue, body, reason, coalesce(nullif(at, 0), {now})
    FROM unnest(%(ids)s::text[], %(queues)s::text[], %(bodies)s::bytea[], %(reasons)s::text[],
                %(times)s::float8[]) WITH ORDINALITY AS letter (id, queue, body, reason, at, i)
    ORDER BY i ON CONFLICT (id) DO NOTHING
"""
_NEWEST = """
    SELECT id, queue, body, reason, at FROM {schema}.dead_letters ORDER BY n DESC LIMIT %(limit)s
"""
_EXHUME = """
    DELETE FROM {schema}.dead_letters WHERE id = %(id)s RETURNING id, queue, body, reason, at
"""


class Letters:
    """The list of dead letters."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Add letters; those that are there already stay as they are."""
        self._acts.ask_text(
            self._acts.sql.of(_BURY),
            ids=[storable(letter.id) for letter in letters],
            queues=[storable(letter.queue) for letter in letters],
            bodies=[letter.body for letter in letters],
            reasons=[storable(letter.reason) for letter in letters],
            times=[float(letter.at) for letter in letters],
        )

    def newest(self, limit: int) -> list[DeadLetter]:
        """Return letters, the newest first."""
        rows = self._acts.ask_text(self._acts.sql.of(_NEWEST), limit=limit)
        return [_letter(row) for row in rows]

    def exhume(self, letter_id: str) -> DeadLetter | None:
        """Remove a letter and return it."""
        rows = self._acts.ask_text(self._acts.sql.of(_EXHUME), id=storable(letter_id))
        return _letter(rows[0]) if rows else None


def _letter(row: Row) -> DeadLetter:
    letter_id, queue, body, reason, at = row
    return DeadLetter(id=letter_id, queue=queue, body=bytes(body), reason=reason, at=at)
