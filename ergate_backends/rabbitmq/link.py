"""A connection that is opened when it is needed, and opened anew when it was lost."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from pika import exceptions, frame, spec
from pika.adapters.asyncio_connection import AsyncioConnection

from ergate.errors import BackendError
from ergate_backends.rabbitmq.address import OPEN_TIMEOUT_S, Place
from ergate_backends.rabbitmq.channel import ANSWER_TIMEOUT_S, Answers, Channel, in_time, resolve
from ergate_backends.rabbitmq.errors import described, unreachable
from ergate_backends.rabbitmq.server import OLDEST, ServerInfo

log = logging.getLogger("ergate")

PAUSE_FIRST_S = 0.05
PAUSE_MAX_S = 1.0
"""The longest time without a new try: whoever asks meanwhile hears of the last one."""
CLOSE_S = 2.0


class Link:
    """One connection to any node of a place. Used on the loop's thread only."""

    def __init__(self, place: Place, purpose: str) -> None:
        _hush()
        self.place = place
        self.blocked: str | None = None
        """Why the server takes no messages now, if so."""
        self.server = ServerInfo("AMQP server", "?")
        self.on_blocked: list[Callable[[str], None]] = []
        self._purpose = purpose
        self._connection: AsyncioConnection | None = None
        self._opening: asyncio.Task[AsyncioConnection] | None = None
        self._channels: set[Channel] = set()
        self._answers = Answers()
        self._failure: BackendError | None = None
        self._pause_s = PAUSE_FIRST_S
        self._next_try = 0.0
        self._was_lost = False
        self._is_closed = False

    async def channel(self) -> Channel:
        """Open a channel, and the connection before it where that is needed.

        Raises `BackendUnavailable`, at once when the last try has failed just now.
        """
        connection = await self.open()
        future = self._answers.new()
        try:
            connection.channel(on_open_callback=partial(resolve, future))
        except exceptions.AMQPError as exc:
            raise unreachable(self.place, exc) from exc
        channel = Channel(self, await in_time(self, future, ANSWER_TIMEOUT_S))
        self._channels.add(channel)
        return channel

    def forget(self, channel: Channel) -> None:
        """Let go of a channel that has ended."""
        self._channels.discard(channel)

    # --- opening ----------------------------------------------------------------------------------

    async def open(self) -> AsyncioConnection:
        """Return the open connection; several who ask at once wait for the same one."""
        if self._connection is not None:
            return self._connection
        if self._is_closed:
            raise unreachable(self.place, "this connection was closed")
        if self._opening is None or self._opening.done():
            if self._failure is not None and time.monotonic() < self._next_try:
                raise type(self._failure)(*self._failure.args)
            self._opening = asyncio.get_running_loop().create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> AsyncioConnection:
        try:
            connection = await self._connect()
            self._check(connection)
        except BackendError as exc:
            self._failure = exc
            self._next_try = time.monotonic() + self._pause_s * random.uniform(0.5, 1.0)
            self._pause_s = min(PAUSE_MAX_S, self._pause_s * 2)
            raise
        self._failure, self._pause_s = None, PAUSE_FIRST_S
        if self._was_lost:
            where = self.place.address
            log.info("There is a connection again that %s at RabbitMQ, %s.", self._purpose, where)
        self._connection, self._was_lost, self.blocked = connection, False, None
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        return connection

    async def _connect(self) -> AsyncioConnection:
        """Connect to the first node that can be reached, in an order made by lot."""
        nodes = list(self.place.nodes())
        random.shuffle(nodes)
        problem: object = None
        for host, port in nodes:
            outcome = asyncio.get_running_loop().create_future()
            # pika gives up by itself, after the time limits that the parameters name.
            AsyncioConnection(
                self.place.parameters(host, port, self._purpose),
                on_open_callback=partial(resolve, outcome),
                on_open_error_callback=lambda _, why, told=outcome: resolve(told, why),  # type: ignore[misc]  # a default binds it
                on_close_callback=self._on_closed,
                custom_ioloop=asyncio.get_running_loop(),
            )
            problem = await outcome
            if isinstance(problem, AsyncioConnection):
                return problem
        raise unreachable(self.place, problem) from (
            problem if isinstance(problem, BaseException) else None
        )

    def _check(self, connection: AsyncioConnection) -> None:
        self.server = ServerInfo.of(getattr(connection, "server_properties", None))
        if self.server.is_too_old:
            connection.close()
            oldest = ".".join(map(str, OLDEST))
            raise BackendError(
                f"{self.server} at {self.place.address} is too old: Ergate needs {oldest} or newer."
            )

    # --- losing -----------------------------------------------------------------------------------

    def _on_closed(self, connection: AsyncioConnection, reason: Exception) -> None:
        if connection is self._connection:
            self._lose(described(reason))

    def drop(self, why: str) -> None:
        """Give the connection up, because the other side does not answer."""
        connection = self._connection
        if connection is not None:
            self._lose(why)
            self._end(connection)

    def _lose(self, why: str) -> None:
        self._connection, self._was_lost, self.blocked = None, True, None
        if not self._is_closed:
            where = self.place.address
            log.warning(
                "The connection that %s at RabbitMQ, %s, is gone: %s.", self._purpose, where, why
            )
        error = unreachable(self.place, why)
        self._answers.fail(error)
        for channel in list(self._channels):
            channel.end(error)

    def _end(self, connection: AsyncioConnection) -> None:
        """Close in good order if the other side takes part in it, else without it."""
        with suppress(exceptions.AMQPError):
            connection.close()
        asyncio.get_running_loop().call_later(CLOSE_S, _terminate, connection)

    async def close(self) -> None:
        """Close the connection, and wait for its end a moment."""
        self._is_closed = True
        if self._opening is not None:
            with suppress(BackendError):
                await asyncio.wait_for(asyncio.shield(self._opening), OPEN_TIMEOUT_S)
        connection = self._connection
        if connection is None:
            return
        with suppress(exceptions.AMQPError):
            connection.close()
        for _ in range(int(CLOSE_S / 0.01)):
            if connection.is_closed:
                return
            await asyncio.sleep(0.01)
        _terminate(connection)
        await asyncio.sleep(0.01)

    # --- flow -------------------------------------------------------------------------------------

    def _on_blocked(self, _: object, told: frame.Method[spec.Connection.Blocked]) -> None:
        self.blocked = str(told.method.reason)
        log.warning("RabbitMQ at %s takes no messages: %s.", self.place.address, self.blocked)
        for tell in self.on_blocked:
            tell(self.blocked)

    def _on_unblocked(self, _: object, _told: object) -> None:
        self.blocked = None
        log.info("RabbitMQ at %s takes messages again.", self.place.address)


def _terminate(connection: AsyncioConnection) -> None:
    if not connection.is_closed:
        # pika has no public way to end a connection whose other side is silent.
        terminate: Callable[[Exception], None] = getattr(connection, "_terminate_stream")  # noqa: B009
        terminate(exceptions.ConnectionClosed(0, "the other side did not answer"))


def _hush() -> None:
    """Let the client library log nothing, unless somebody wants that: we tell of each error."""
    logger = logging.getLogger("pika")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL + 1)
