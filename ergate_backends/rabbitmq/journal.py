"""A journal in a stream queue: entries under a key, in the order of their confirmation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from pika import exceptions, frame, spec

from ergate.contracts.address import Address
from ergate.contracts.capabilities import Level
from ergate.contracts.journal import Entry, Journal, JournalKind
from ergate.contracts.retention import Retention
from ergate.errors import BackendUnavailable, PayloadError
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.channel import Channel
from ergate_backends.rabbitmq.errors import Refused, refused, unreachable
from ergate_backends.rabbitmq.journal_reading import KEY, Reading
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.loop import Loop

T = TypeVar("T")

TIMEOUT_S = 15.0
"""How long one order to the server may take, with connecting again if need be."""
WINDOW = 500
"""So many entries are on their way before their confirmations are awaited."""
CLOSE_S = 5.0


class RabbitMQJournal(Journal):
    """The stream queue `<prefix>.<kind>`, made at first use and kept as it is afterwards."""

    # A stream is confirmed when it is in the memory of the machine's kernel, and not on its disk.
    level = Level.L1

    def __init__(self, address: Address, kind: JournalKind) -> None:
        self._place = Place.of(address)
        self._name = f"{self._place.prefix}.{kind}"
        self._arguments = {"x-queue-type": "stream", **_retention(address)}
        self._loop = Loop()
        self._link = Link(self._place, "journal")
        self._writer: _Writer | None = None
        self._turns = asyncio.Lock()

    def append(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._run(self._append(entries), "appending")

    def read(self) -> Iterator[Entry]:
        reading = self._run(self._begin(), "reading")
        try:
            while batch := self._run(reading.more(), "reading"):
                yield from batch
        finally:
            self._loop.call(reading.close)

    def close(self) -> None:
        with suppress(BackendUnavailable):  # closed before, or the server does not answer
            self._loop.run(self._link.close(), CLOSE_S, "closing")
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T], what: str) -> T:
        try:
            return self._loop.run(work, TIMEOUT_S, f"{what} in RabbitMQ at {self._place.address}")
        except Refused as exc:
            if "larger than" in exc.text:
                raise PayloadError(f"An entry is too large for RabbitMQ: {exc.text}.") from exc
            raise refused(self._place, exc, f"{what} in {self._name}") from exc

    # --- on the loop's thread -------------------------------------------------------------------

    async def _append(self, entries: Sequence[Entry]) -> None:
        async with self._turns:  # whoever appends at the same time follows; each call is one piece
            if self._writer is None or not self._writer.is_open:
                channel = await self._declared()
                self._writer = await _Writer.open(channel, self._name, self._place)
            for start in range(0, len(entries), WINDOW):
                await self._writer.write(entries[start : start + WINDOW])

    async def _begin(self) -> Reading:
        reading = Reading(await self._declared(), self._name)
        await reading.start()
        return reading

    async def _declared(self) -> Channel:
        """Open a channel and see that the stream is there."""
        channel = await self._link.channel()
        try:
            await channel.order(
                channel.raw.queue_declare, self._name, durable=True, arguments=self._arguments
            )
        except Refused as exc:
            # A stream that was made with another retention is kept: only its server changes that.
            if "inequivalent arg" not in exc.text or "x-queue-type" in exc.text:
                raise
            channel = await self._link.channel()
        return channel


class _Writer:
    """A channel on which each message is confirmed. Used on the loop's thread only."""

    def __init__(self, channel: Channel, name: str, place: Place) -> None:
        self._channel = channel
        self._name = name
        self._place = place
        self._sent = 0
        self._confirmed = 0
        self._refusals = 0
        self._all: asyncio.Future[Any] | None = None

    @classmethod
    async def open(cls, channel: Channel, name: str, place: Place) -> _Writer:
        writer = cls(channel, name, place)
        channel.raw.add_on_return_callback(writer._returned)
        await channel.order(partial(channel.raw.confirm_delivery, writer._answered))
        return writer

    @property
    def is_open(self) -> bool:
        return self._channel.is_open

    async def write(self, entries: Sequence[Entry]) -> None:
        """Publish entries and wait until all are confirmed."""
        self._all = self._channel.answer()
        self._refusals = 0
        try:
            for entry in entries:
                self._sent += 1
                self._channel.raw.basic_publish(
                    "", self._name, entry.body, _properties(entry), mandatory=True
                )
        except exceptions.AMQPError as exc:
            raise unreachable(self._place, exc) from exc
        await self._channel.wait(self._all, TIMEOUT_S)
        if self._refusals:
            self._channel.close()  # the next one declares the stream anew
            raise unreachable(self._place, f"the stream {self._name} took not all entries")

    def _answered(self, told: frame.Method[spec.Basic.Ack | spec.Basic.Nack]) -> None:
        method = told.method
        count = method.delivery_tag - self._confirmed if method.multiple else 1
        self._confirmed += count
        if isinstance(method, spec.Basic.Nack):
            self._refusals += count
        if self._confirmed >= self._sent and self._all is not None and not self._all.done():
            self._all.set_result(None)

    def _returned(self, *_: object) -> None:
        self._refusals += 1


def _properties(entry: Entry) -> spec.BasicProperties:
    return spec.BasicProperties(
        content_type="application/json", delivery_mode=2, headers={KEY: entry.key}
    )


def _retention(address: Address) -> dict[str, object]:
    retention = Retention.of(address)
    arguments: dict[str, object] = {}
    if retention.max_age_s is not None:
        arguments["x-max-age"] = f"{retention.max_age_s}s"
    if retention.max_bytes is not None:
        arguments["x-max-length-bytes"] = retention.max_bytes
    return arguments
