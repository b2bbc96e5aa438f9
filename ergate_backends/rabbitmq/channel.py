"""One channel of a connection, with orders that can be awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pika import exceptions, frame
from pika.channel import Channel as RawChannel

from ergate_backends.rabbitmq.errors import closing, silent, unreachable

if TYPE_CHECKING:
    from ergate_backends.rabbitmq.link import Link

ANSWER_TIMEOUT_S = 5.0
"""A connection on which an order is not answered within this time is taken for lost."""


class Answers:
    """Futures for answers that have not come; all fail when nothing can come any more."""

    def __init__(self) -> None:
        self._open: set[asyncio.Future[Any]] = set()

    def new(self) -> asyncio.Future[Any]:
        """Return a future for one more answer."""
        future = asyncio.get_running_loop().create_future()
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        return future

    def fail(self, error: Exception) -> None:
        """Let everybody who waits have this error."""
        for future in list(self._open):
            if not future.done():
                future.set_exception(error)


def resolve(future: asyncio.Future[Any], answer: object) -> None:
    """Give an answer to whoever still waits for it."""
    if not future.done():
        future.set_result(answer)


class Channel:
    """One channel, with orders that can be awaited."""

    def __init__(self, link: Link, raw: RawChannel) -> None:
        self.raw = raw
        self._link = link
        self._answers = Answers()
        self.on_close: list[Callable[[Exception], None]] = []
        """Called once with the reason: a `Refused`, or a `BackendUnavailable`."""
        self._is_closed = False
        raw.add_on_close_callback(self._closed)

    @property
    def is_open(self) -> bool:
        """Whether orders can be given now."""
        return not self._is_closed and self.raw.is_open

    async def order(
        self, send: Callable[..., object], *words: Any, of: str | None = None, **more: Any
    ) -> Any:
        """Give an order, and return the method with which the server answers.

        `of` names the queue that has a say in the answer, if one has.

        Raises `Refused` when the server closes the channel over it, and `BackendUnavailable`.
        """
        future = self._answers.new()
        try:
            send(*words, callback=partial(resolve, future), **more)
        except exceptions.AMQPError as exc:
            raise unreachable(self._link.place, exc) from exc
        return await self.wait(future, ANSWER_TIMEOUT_S, of)

    async def wait(
        self, future: asyncio.Future[Any], timeout_s: float, of: str | None = None
    ) -> Any:
        """Wait for an answer; without one in time, the connection is given up."""
        answer = await in_time(self._link, future, timeout_s, of)
        return answer.method if isinstance(answer, frame.Method) else answer

    def answer(self) -> asyncio.Future[Any]:
        """Return a future that fails when this channel closes."""
        return self._answers.new()

    def close(self) -> None:
        """Close it; whatever is not acknowledged on it comes back to others."""
        if self.is_open:
            with suppress(exceptions.AMQPError):
                self.raw.close()

    def _closed(self, _raw: RawChannel, reason: Exception) -> None:
        self.end(closing(reason) or unreachable(self._link.place, reason))

    def end(self, error: Exception) -> None:
        """Tell all who wait that nothing comes any more."""
        if self._is_closed:
            return
        self._is_closed = True
        self._link.forget(self)
        self._answers.fail(error)
        for tell in self.on_close:
            tell(error)


async def in_time(
    link: Link, future: asyncio.Future[Any], timeout_s: float, of: str | None = None
) -> Any:
    """Wait for an answer, of a queue if one is named; without it the connection is given up.

    Raises `BackendUnavailable` then.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await future
    except TimeoutError as exc:
        whose = "it" if of is None else f'its queue "{of}"'
        why = f"{whose} has not answered for {timeout_s:.0f} s"
        link.drop(why)
        raise (unreachable(link.place, why) if of is None else silent(link.place, of, why)) from exc
