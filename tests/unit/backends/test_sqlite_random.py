"""SQLite does what the reference says, whatever happens in whatever order."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ergate.testing import FakeClock, state_machine_for
from ergate_backends.sqlite.store import SqliteStore


class InOwnDirectory(SqliteStore):
    """A fresh file for each story; nothing waits for the disk."""

    def __init__(self, clock: FakeClock) -> None:
        self._directory = TemporaryDirectory()
        super().__init__(Path(self._directory.name) / "jobs.db", clock, synchronous="off")
        self.migrate()

    def close(self) -> None:
        super().close()
        self._directory.cleanup()


TestSqliteStore = state_machine_for(InOwnDirectory).TestCase
