"""Wake-up calls between processes: NOTIFY when something became ready, LISTEN while waiting.

Only hints. A call that gets lost costs the time until the next look.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Literal

import psycopg

from ergate.errors import BackendError
from ergate_backends.postgres.connection import Connection, connect
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.statements import quoted
from ergate_backends.postgres.target import Target

PAUSE_S = 0.02
"""NOTIFY takes a lock of the whole server at commit: one process sends at most so often."""
LONGEST = 200
"""Characters of a queue's name that travel; a name that begins the same wakes one in vain."""


CALL = b"SELECT pg_notify(%s, name) FROM unnest(%s::text[]) AS due (name)"

Heard = Literal["call", "wake", "nothing"]


def ready_channel(target: Target) -> str:
    """Return the name under which processes tell each other that a job is ready."""
    return f"{target.schema}.ready"


class Caller:
    """Tells other processes that a queue has something: at once, and then at most every 20 ms."""

    def __init__(self, pool: Pool, channel: str) -> None:
        self._pool = pool
        self._channel = channel
        self._changed = threading.Condition()
        self._due: set[str] = set()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def call(self, queues: Iterable[str]) -> None:
        """Take note of queues in which something became ready."""
        with self._changed:
            self._due.update(queue[:LONGEST] for queue in queues)
            if not self._due or self._is_closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="caller", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Send what is due, and end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(2.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._is_closed)
                due, self._due = sorted(self._due), set()
                if not due:
                    return
            # Whoever waits looks by himself in a moment, so that nobody needs to hear of this.
            with suppress(BackendError):
                self._send(due)
            if not self._is_closed:
                time.sleep(PAUSE_S)

    def _send(self, queues: Sequence[str]) -> None:
        with self._pool.use() as connection:
            connection.execute(CALL, (self._channel, list(queues)))


class Listener:
    """Hears calls on a connection of its own, which one thread at a time waits on."""

    def __init__(self, target: Target, channel: str) -> None:
        self._target = target
        self._channel = channel
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)

    def wake(self) -> None:
        """End a wait that blocks in another thread."""
        with suppress(OSError):  # a full pipe wakes too, and a closed one nobody
            os.write(self._wake_out, b"!")

    def wait(self, queues: Sequence[str], timeout_s: float) -> Heard:
        """Block until a call for one of `queues`, a wake or the time limit; tell which it was.

        Without a connection there are no calls. Two threads take turns.
        """
        deadline = time.monotonic() + timeout_s
        names = {queue[:LONGEST] for queue in queues}
        with self._lock:
            while not self._hears(names):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return "nothing"
                if self._is_woken(left_s):
                    return "wake"
            return "call"

    def hears(self, queues: Sequence[str]) -> bool | None:
        """Return whether a call has come; None when nobody could hear one."""
        with self._lock:
            heard = self._hears({queue[:LONGEST] for queue in queues})
            return None if self._connection is None else heard

    def close(self) -> None:
        """Let go of the connection and the pipe."""
        self.wake()
        with self._lock:
            self._drop()
            if self._wake_in >= 0:
                os.close(self._wake_in)
                os.close(self._wake_out)
            self._wake_in = self._wake_out = -1

    def attend(self) -> bool:
        """Begin to listen; return whether it was not so before, so that calls were missed."""
        with self._lock:
            return self._attend()

    def _attend(self) -> bool:
        if not self._target.notify or self._connection is not None or self._wake_in < 0:
            return False
        with suppress(BackendError, psycopg.Error):
            connection = connect(self._target)
            connection.execute(f"LISTEN {quoted(self._channel)}".encode())
            self._connection = connection
        return self._connection is not None

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _hears(self, names: set[str]) -> bool:
        """Take what has arrived, and return whether it is about one of `names`."""
        if self._connection is None:
            return False
        heard = False
        try:
            self._connection.pgconn.consume_input()
            while notice := self._connection.pgconn.notifies():
                heard = heard or notice.extra.decode() in names
        except psycopg.Error:
            self._drop()  # the server went away; the next wait listens on a new connection
        return heard

    def _is_woken(self, timeout_s: float) -> bool:
        """Block until anything can be read; return whether it was a wake."""
        if self._wake_in < 0:
            return True
        poll = select.poll()
        poll.register(self._wake_in, select.POLLIN)
        if self._connection is not None:
            poll.register(self._connection.pgconn.socket, select.POLLIN)
        for descriptor, _ in poll.poll(timeout_s * 1000):
            if descriptor == self._wake_in:
                with suppress(BlockingIOError):
                    os.read(self._wake_in, 4096)
                return True
        return False
