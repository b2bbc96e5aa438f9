"""A journal in a file beside a queue in another, for several processes: a server's stand-in."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ergate.clock import Clock
from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.journal import Entry, Journal, JournalKind
from ergate.errors import BackendUnavailable
from ergate.plugins.hookspecs import hookimpl
from tests.integration.file_queue import FileQueue

SCHEMA = "CREATE TABLE IF NOT EXISTS entries (n INTEGER PRIMARY KEY, key TEXT, body BLOB)"


class FileJournal(Journal):
    """Entries in one SQLite table; unavailable while a file with the suffix `.down` is there."""

    level = Level.L1

    def __init__(self, path: Path) -> None:
        self._down = path.with_suffix(".down")
        self._lock = threading.Lock()
        self._file = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=30
        )
        self._file.execute("PRAGMA synchronous = off")
        self._file.execute(SCHEMA)

    def append(self, entries: Sequence[Entry]) -> None:
        self._check()
        rows = [(entry.key, entry.body) for entry in entries]
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT INTO entries (key, body) VALUES (?, ?)", rows)
            self._file.execute("COMMIT")

    def read(self) -> Iterator[Entry]:
        self._check()
        with self._lock:
            rows = self._file.execute("SELECT key, body FROM entries ORDER BY n").fetchall()
        for key, body in rows:
            yield Entry(key, body)

    def _check(self) -> None:
        if self._down.exists():
            raise BackendUnavailable("The journal is away.")

    def close(self) -> None:
        with self._lock:
            self._file.close()


class FilesQueue(FileQueue):
    """Says that its messages outlive every process, and that several share them."""

    capabilities = frozenset({Capability.DEPTH, Capability.SHARED, Capability.DURABLE})


def open_queue(address: Address, _clock: Clock) -> FilesQueue:
    """Open the queue at `filelog:////absolute/directory`."""
    return FilesQueue(Path(address.path) / "queue.db")


def open_journal(address: Address, _clock: Clock, kind: JournalKind) -> FileJournal:
    """Open the journal at `filelog:////absolute/directory`."""
    return FileJournal(Path(address.path) / f"{kind}.db")


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `filelog`."""
    register(
        Backend(
            name="filelog", summary="for tests", open_queue=open_queue, open_journal=open_journal
        )
    )
