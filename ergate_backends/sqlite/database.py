"""One SQLite file: its connections, transactions, permissions and errors."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ergate.errors import BackendError, BackendUnavailable, SchemaError, UsageError
from ergate_backends.sqlite.migrating import SCHEMA_VERSION, apply_steps
from ergate_backends.sqlite.rows import readable
from ergate_backends.sqlite.settling import BATCH_TABLE

BUSY_TIMEOUT_MS = 30_000
CHECKPOINT_PAGES = 2000
"""The write-ahead log is copied into the database by the commit that makes it longer than this."""


class Database:
    """A database file with one connection that writes and two that read.

    Threads of a process share the writer under a lock. Processes take turns by a lock of their own
    on a file beside the database: whoever waits is woken in order and at once, where SQLite's
    own lock is polled with growing pauses. Check-points happen inside of a turn too, because
    SQLite before 3.51.3 can damage a log that one connection writes while another resets it.
    `BEGIN IMMEDIATE` still keeps out everybody else who may have opened the file.
    """

    def __init__(self, path: Path, synchronous: str = "full") -> None:
        self.path = path
        self.synchronous = synchronous
        self._write_lock = threading.RLock()
        self._read_lock = threading.Lock()
        self._watch_lock = threading.Lock()
        with self._translated():
            _create_private(path)
            self._turn_file = os.open(f"{path}-turn", os.O_RDWR | os.O_CREAT, 0o600)
            self._writer = self._connect()
            self._writer.execute(BATCH_TABLE)
            self._reader = self._connect()
            self._watcher = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000
        )
        # One damaged text would make every claim that meets it fail, for all workers and for ever.
        connection.text_factory = readable
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            f"synchronous = {self.synchronous}",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
            "mmap_size = 0",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    # --- transactions ---------------------------------------------------------------------------

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction that may write; it rolls back when the block raises."""
        with self._write_lock, self._turn(), self._translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    with suppress(sqlite3.Error):
                        self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction like `write`, on a new connection for somebody else's hands."""
        with self._write_lock, self._turn(), self._translated():
            connection = self._connect()
            try:
                connection.execute(BATCH_TABLE)
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.close()  # which rolls back what was not committed

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Keep other processes of ours from writing; the kernel ends the turn of one that dies."""
        fcntl.flock(self._turn_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._turn_file, fcntl.LOCK_UN)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Run a block that reads one consistent state and never waits for a writer."""
        with self._read_lock, self._translated():
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                self._reader.execute("COMMIT")

    @contextmanager
    def others(self, connection: object) -> Iterator[sqlite3.Connection]:
        """Run a block on a connection to this file that somebody else has made, and will commit."""
        if not isinstance(connection, sqlite3.Connection):
            connection = getattr(getattr(connection, "connection", None), "driver_connection", None)
        if not isinstance(connection, sqlite3.Connection) or not self._is_ours(connection):
            raise UsageError(f"That is no sqlite3.Connection to {self.path}, where the jobs are.")
        with self._translated():
            yield connection

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        rows = connection.execute("PRAGMA database_list").fetchall()
        files = [row[2] for row in rows if row[1] == "main"]
        return any(file and self.path.samefile(file) for file in files)

    def version(self) -> int:
        """Return a number that changes when another connection commits; costs microseconds."""
        with self._watch_lock, self._translated():
            (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
        return int(version)

    # --- schema ---------------------------------------------------------------------------------

    def migrate(self) -> None:
        """Bring the tables to this version, step by step; refuse a file of a newer one."""
        with self._write_lock, self._translated():
            if self._schema_version(self._writer) != SCHEMA_VERSION:
                self._enter_wal()
                with self.write() as tx:  # another process may have been first
                    apply_steps(tx, above=self._schema_version(tx))

    def _schema_version(self, connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise SchemaError(
                f"{self.path} has schema version {version}, and this Ergate knows up to "
                f"{SCHEMA_VERSION}: a newer Ergate wrote it. Upgrade Ergate, or use another file."
            )
        if version == 0:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if tables:
                raise SchemaError(
                    f"{self.path} is a SQLite database that Ergate did not make. "
                    "Give Ergate a file of its own: --queue sqlite:///path/to/ergate.db"
                )
        return int(version)

    def _enter_wal(self) -> None:
        deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
        while True:  # the busy time-out does not cover a change of journal mode
            try:
                self._writer.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as exc:
                if "locked" not in str(exc) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def close(self) -> None:
        """Close every connection; calling it twice is fine."""
        with self._write_lock, self._read_lock, self._watch_lock:
            if self._turn_file < 0:
                return
            with self._turn():  # the last one to close copies the log into the database
                for connection in (self._watcher, self._reader, self._writer):
                    connection.close()
            os.close(self._turn_file)
            self._turn_file = -1

    # --- errors ---------------------------------------------------------------------------------

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, sqlite3.ProgrammingError, OSError) as exc:
            raise self._letter(exc) from exc

    def _letter(self, exc: Exception) -> BackendError:
        text = str(exc)
        for sign, advice in _ADVICE:
            if sign in text:
                kind = SchemaError if sign in _DAMAGE else BackendUnavailable
                return kind(f"SQLite at {self.path}: {text}. {advice}")
        if isinstance(exc, OSError):
            return BackendUnavailable(
                f"SQLite at {self.path}: {exc.strerror or text}. Check the directory and its "
                "permissions, or name another file: --queue sqlite:///path/to/ergate.db"
            )
        return BackendUnavailable(f"SQLite at {self.path}: {text}.")


_DAMAGE = ("not a database", "malformed")
_ADVICE = (
    (
        "locked",
        "Another process has held the write lock for too long; find it with `ergate doctor`.",
    ),
    ("readonly", "The file or its directory cannot be written; check owner and permissions."),
    ("unable to open", "The directory is missing, or may not be read and written; check the path."),
    ("full", "Free some space on that disk; nothing that was accepted is lost."),
    ("disk I/O error", "The disk refused; nothing that was accepted is lost. Check its health."),
    ("not a database", "Something else wrote this file; name another one or restore a copy."),
    ("malformed", "The file is damaged; stop every process and restore a copy."),
)


def _create_private(path: Path) -> None:
    """Make the file, with 0600, and its missing directories, with 0700, before SQLite does."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        if path.parent.name == ".ergate":
            (path.parent / ".gitignore").write_text("*\n")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except PermissionError:
        if not path.exists():
            raise  # else SQLite says what cannot be done with the file
