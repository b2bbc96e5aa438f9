"""An external queue in a file of its own, for several processes: a stand-in for a broker's server.

A message that was received and not acknowledged comes back when its receiver's process is gone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import psutil

from ergate.clock import Clock
from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.plugins.hookspecs import hookimpl

SCHEMA = """
    CREATE TABLE IF NOT EXISTS messages (n INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT,
                                         body BLOB, holder INTEGER)
"""
TAKE = """
    UPDATE messages SET holder = ? WHERE n IN
        (SELECT n FROM messages WHERE queue = ? AND holder IS NULL ORDER BY n LIMIT ?)
    RETURNING n, body
"""
POLL_S = 0.005


class FileQueue(Queue):
    """Messages in one SQLite table; the holder is a process id."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.DEPTH})

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=30
        )
        self._file.execute("PRAGMA synchronous = off")
        self._file.execute(SCHEMA)
        self._woken = threading.Event()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
            finally:
                self._file.execute("COMMIT")

    def publish(self, messages: Sequence[Message]) -> None:
        rows = [(message.queue, message.body) for message in messages]
        with self._write() as tx:
            tx.executemany("INSERT INTO messages (queue, body) VALUES (?, ?)", rows)

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = time.monotonic() + timeout_s
        self._woken.clear()
        while not (taken := self._take(queues, limit)):
            if time.monotonic() >= deadline or self._woken.wait(POLL_S):
                break
        return taken

    def _take(self, queues: Sequence[str], limit: int) -> list[Delivery]:
        with self._write() as tx:
            for (holder,) in tx.execute("SELECT DISTINCT holder FROM messages").fetchall():
                if holder is not None and not _lives(holder):
                    tx.execute("UPDATE messages SET holder = NULL WHERE holder = ?", (holder,))
            return [
                Delivery(body, queue, n, f"file-{n}")
                for queue in queues
                for n, body in tx.execute(TAKE, (os.getpid(), queue, limit)).fetchall()
            ][:limit]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with self._write() as tx:
            tx.executemany("DELETE FROM messages WHERE n = ?", [(d.handle,) for d in deliveries])

    def release(self, deliveries: Sequence[Delivery]) -> None:
        free = "UPDATE messages SET holder = NULL WHERE n = ?"
        with self._write() as tx:
            tx.executemany(free, [(delivery.handle,) for delivery in deliveries])

    def depth(self, queue: str) -> int:
        count = "SELECT count(*) FROM messages WHERE queue = ? AND holder IS NULL"
        with self._lock:
            (found,) = self._file.execute(count, (queue,)).fetchone()
        return int(found)

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        with self._lock:
            self._file.close()


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def open_queue(address: Address, _clock: Clock) -> FileQueue:
    """Open `filequeue:////absolute/path`."""
    return FileQueue(Path(address.path))


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `filequeue`."""
    register(Backend(name="filequeue", summary="for tests", open_queue=open_queue))
