"""A few connections that threads take turns at."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg.pq import TransactionStatus

from ergate_backends.postgres.connection import ANSWER_S, Connection, connect
from ergate_backends.postgres.errors import translated
from ergate_backends.postgres.target import Target

SIZE = 4


class Pool:
    """Opens connections as they are needed, at most `size`, and forgets those that broke.

    A process has few threads that talk to the store, and each act is short.
    """

    def __init__(
        self,
        target: Target,
        size: int = SIZE,
        connect: Callable[[Target], Connection] = connect,
    ) -> None:
        self._target = target
        self._connect = connect
        self._places = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._is_closed = False

    @contextmanager
    def use(self, answer_s: float = ANSWER_S) -> Iterator[Connection]:
        """Give a connection for one act; errors of psycopg become errors of ours."""
        with self._places:
            connection = self._take()
            connection.answer_s = answer_s
            try:
                with translated(self._target):
                    yield connection
            finally:
                self._give_back(connection)

    def close(self) -> None:
        """Close what is idle now, and the others when they come back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect(self._target)
            if is_quiet(connection):
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            is_sound = connection.info.transaction_status is TransactionStatus.IDLE
            if is_sound and not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()


def is_quiet(connection: Connection) -> bool:
    """Whether an idle connection is still there: what a server says unasked is a goodbye."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return not poll.poll(0)
