"""An external queue in RabbitMQ: quorum queues, confirmed publishing, and consumers that let go.

Any program can hand in a job: it publishes `{"workflow_name": "…"}` to the queue `ergate.default`.
A job starts once for each `id` in the body, else for each AMQP `message_id`; a message with neither
starts a job at least once, as nothing tells that a second delivery of it is no second message.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from ergate.clock import Clock
from ergate.contracts.address import Address
from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.errors import BackendError
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.channel import ANSWER_TIMEOUT_S
from ergate_backends.rabbitmq.errors import NOT_FOUND, Refused, refused
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.loop import Loop
from ergate_backends.rabbitmq.names import queue_name
from ergate_backends.rabbitmq.publishing import (
    CONFIRM_TIMEOUT_S,
    CONFIRMED_PER_S,
    Parcel,
    Publisher,
)
from ergate_backends.rabbitmq.receiving import Receiver

OPEN_LIMIT_S = 10.0
ASK_LIMIT_S = OPEN_LIMIT_S + 2 * ANSWER_TIMEOUT_S
CLOSE_LIMIT_S = 5.0


class RabbitMQQueue(Queue):
    """Durable quorum queues; what is published is confirmed by a majority of their nodes.

    One thread owns the connections: one for publishing, one for all else. Raises
    `BackendUnavailable` while the server cannot be reached.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.SHARED, Capability.DURABLE, Capability.DEPTH, Capability.PURGE}
    )

    def __init__(self, address: Address, clock: Clock) -> None:
        self._place = Place.of(address)
        self._loop = Loop()
        self._link = Link(self._place, "receives")
        self._publishing = Link(self._place, "publishes")
        try:
            self._loop.run(self._link.open(), OPEN_LIMIT_S, f"Connecting to {address}")
        except BaseException:
            self._loop.close()
            raise
        self._publisher = Publisher(self._publishing, self._place)
        self._receiver = Receiver(self._loop, self._link, self._publisher, self._place)

    def publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        parcels = [Parcel(message.queue, message.body) for message in messages]
        limit_s = OPEN_LIMIT_S + 2 * (CONFIRM_TIMEOUT_S + len(parcels) / CONFIRMED_PER_S)
        what = f"Publishing to RabbitMQ at {self._place.address}"
        self._loop.run(self._publisher.publish(parcels), limit_s, what)

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        return self._receiver.receive(queues, limit, timeout_s)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._receiver.acknowledge(deliveries)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        self._receiver.release(deliveries)

    def depth(self, queue: str) -> int:
        what = f"Counting messages in RabbitMQ at {self._place.address}"
        return self._loop.run(self._depth(queue), ASK_LIMIT_S, what)

    def purge(self, queue: str) -> int:
        what = f"Purging a queue of RabbitMQ at {self._place.address}"
        return self._loop.run(self._purge(queue), ASK_LIMIT_S, what)

    def wake(self) -> None:
        self._receiver.wake()

    def close(self) -> None:
        with suppress(BackendError):
            self._loop.run(self._close(), CLOSE_LIMIT_S, "Closing")
        self._loop.close()

    async def _depth(self, queue: str) -> int:
        name = queue_name(self._place.prefix, queue)
        channel = await self._link.channel()
        try:
            answer = await channel.order(channel.raw.queue_declare, name, passive=True)
        except Refused as exc:
            if exc.code == NOT_FOUND:
                return 0
            raise refused(self._place, exc, f'to look at the queue "{name}"') from exc
        finally:
            channel.close()
        return int(answer.message_count)

    async def _purge(self, queue: str) -> int:
        name = queue_name(self._place.prefix, queue)
        channel = await self._link.channel()
        try:
            answer = await channel.order(channel.raw.queue_purge, name)
        except Refused as exc:
            if exc.code == NOT_FOUND:
                return 0
            raise refused(self._place, exc, f'to purge the queue "{name}"') from exc
        finally:
            channel.close()
        return int(answer.message_count)

    async def _close(self) -> None:
        await self._publishing.close()
        await self._link.close()
