"""A transaction of the file, lent to one step."""

from __future__ import annotations

import sqlite3

from ergate.contracts.state_store import Settled, StepTransaction
from ergate.jobs.events import Settlement
from ergate_backends.sqlite.settling import settle

_NOT_THE_STEPS = (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT)


class SqliteTransaction(StepTransaction):
    """Lets the step write, and keeps it from ending the transaction."""

    connection: sqlite3.Connection

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self.connection = connection
        self._now = now
        connection.set_authorizer(_authorize)

    def settle(self, settlement: Settlement) -> Settled:
        self.take_back()
        return settle(self.connection, [settlement], self._now)

    def take_back(self) -> None:
        """Let the connection do everything again, and give rows as it did before."""
        self.connection.set_authorizer(None)
        self.connection.row_factory = None


def _authorize(action: int, *_: object) -> int:
    """Refuse COMMIT and ROLLBACK: half of the step's work would stay without its outcome."""
    return sqlite3.SQLITE_DENY if action in _NOT_THE_STEPS else sqlite3.SQLITE_OK
