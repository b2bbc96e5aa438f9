"""Publishing: everything goes out at once, and one wait covers all confirmations."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from pika import exceptions, frame, spec
from pika.channel import Channel as RawChannel

from ergate.errors import BackendUnavailable
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.channel import Channel, resolve
from ergate_backends.rabbitmq.errors import Refused, refused, unreachable
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.marks import PERSISTENT
from ergate_backends.rabbitmq.names import queue_name
from ergate_backends.rabbitmq.topology import declare

CONFIRM_TIMEOUT_S = 10.0
CONFIRMED_PER_S = 500
"""A large batch may take longer; a server that is slower than this is taken for lost."""
BREATH = 200
"""After so many messages the loop looks after its connections."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A body on its way to a queue; with the properties that it had, when it was there before."""

    queue: str
    body: bytes
    properties: spec.BasicProperties | None = None


@dataclass(slots=True, eq=False)
class Batch:
    """What was published together: `done` when the server has told about each message."""

    parcels: Sequence[Parcel]
    open: int
    done: asyncio.Future[None]
    by_id: dict[str, Parcel] = field(default_factory=dict)
    returned: list[Parcel] = field(default_factory=list)
    refused: int = 0


class Publisher:
    """Publishes on a connection of its own. Used on the loop's thread only.

    A server that is short of memory reads nothing more from a connection that publishes, and
    acknowledgements must come through even then.
    """

    def __init__(self, link: Link, place: Place) -> None:
        self._link = link
        self._place = place
        self._lock = asyncio.Lock()
        self._confirming: _Confirming | None = None
        link.on_blocked.append(self._blocked)

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Publish all; return when the server has confirmed that each is in its queue.

        Raises `BackendUnavailable`, and `BackendError` when a queue cannot be made.
        """
        homeless = await self._send(parcels)
        if homeless:
            queues = dict.fromkeys(parcel.queue for parcel in homeless)
            await declare(self._link, self._place, queues)
            homeless = await self._send(homeless)
        if homeless:
            raise BackendUnavailable(
                f'RabbitMQ at {self._place.address} has no queue "{homeless[0].queue}", although '
                "it was made just now. Does somebody delete it again and again?"
            )

    async def _send(self, parcels: Sequence[Parcel]) -> Sequence[Parcel]:
        """Publish all, and return those that found no queue."""
        if self._link.blocked is not None:
            raise self._takes_nothing(self._link.blocked)
        try:
            confirming = await self._ready()
            batch = await confirming.send(parcels)
            limit_s = CONFIRM_TIMEOUT_S + len(parcels) / CONFIRMED_PER_S
            await confirming.channel.wait(batch.done, limit_s, self._only_queue(parcels))
        except Refused as exc:
            raise refused(self._place, exc, "to take messages") from exc
        if batch.refused:
            raise BackendUnavailable(
                f"RabbitMQ at {self._place.address} did not take {batch.refused} of "
                f"{len(parcels)} messages: a queue is full, or has lost its leader."
            )
        return batch.returned

    def _only_queue(self, parcels: Sequence[Parcel]) -> str | None:
        queues = {parcel.queue for parcel in parcels}
        return queue_name(self._place.prefix, queues.pop()) if len(queues) == 1 else None

    async def _ready(self) -> _Confirming:
        async with self._lock:
            if self._confirming is None or not self._confirming.channel.is_open:
                channel = await self._link.channel()
                self._confirming = _Confirming(channel, self._place)
                await channel.order(channel.raw.confirm_delivery, self._confirming.on_confirmation)
            return self._confirming

    def _blocked(self, why: str) -> None:
        if self._confirming is not None:
            self._confirming.fail(self._takes_nothing(why))

    def _takes_nothing(self, why: str) -> BackendUnavailable:
        return BackendUnavailable(
            f"RabbitMQ at {self._place.address} takes no messages now: {why}. "
            "See rabbitmqctl status for its memory and disk."
        )


class _Confirming:
    """A channel that numbers what is published on it, and hears what became of each."""

    def __init__(self, channel: Channel, place: Place) -> None:
        self.channel = channel
        self._place = place
        self._origin = uuid.uuid4().hex
        self._number = 0
        self._lowest = 1
        self._open: dict[int, Batch] = {}
        channel.raw.add_on_return_callback(self._on_return)

    async def send(self, parcels: Sequence[Parcel]) -> Batch:
        """Publish all, and return what to wait for."""
        batch = Batch(parcels, len(parcels), self.channel.answer())
        publish, prefix = self.channel.raw.basic_publish, self._place.prefix
        names = {queue: queue_name(prefix, queue) for queue in {one.queue for one in parcels}}
        try:
            for count, parcel in enumerate(parcels, 1):
                self._number += 1
                properties = parcel.properties or self._properties()
                batch.by_id[properties.message_id or ""] = parcel
                self._open[self._number] = batch
                publish("", names[parcel.queue], parcel.body, properties, mandatory=True)
                if count % BREATH == 0:
                    await asyncio.sleep(0)
        except exceptions.AMQPError as exc:
            if not batch.done.cancel():
                batch.done.exception()  # it is told here and now
            raise unreachable(self._place, exc) from exc
        return batch

    def _properties(self) -> spec.BasicProperties:
        # The number is of this channel, and the origin of no other.
        name = f"{self._origin}-{self._number}"
        return spec.BasicProperties(message_id=name, delivery_mode=PERSISTENT)

    def fail(self, error: Exception) -> None:
        """Let all who wait have this error; what becomes of their messages is unknown."""
        for batch in set(self._open.values()):
            if not batch.done.done():
                batch.done.set_exception(error)

    def on_confirmation(
        self, told: frame.Method[spec.Basic.Ack] | frame.Method[spec.Basic.Nack]
    ) -> None:
        """Take note of what the server says about one message, or all up to it."""
        method = told.method
        numbers = [method.delivery_tag]
        if method.multiple:
            numbers = list(range(self._lowest, method.delivery_tag + 1))
            self._lowest = method.delivery_tag + 1
        for number in numbers:
            batch = self._open.pop(number, None)
            if batch is None:
                continue
            batch.open -= 1
            batch.refused += isinstance(method, spec.Basic.Nack)
            if not batch.open:
                resolve(batch.done, None)

    def _on_return(
        self, _: RawChannel, _told: spec.Basic.Return, properties: spec.BasicProperties, _b: bytes
    ) -> None:
        # It comes before the confirmation of the same message.
        for batch in set(self._open.values()):
            parcel = batch.by_id.get(properties.message_id or "")
            if parcel is not None:
                batch.returned.append(parcel)
                return
