"""Dead letters: what the server has given up is looked for now and then, and handed to us."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection
from typing import Any

from pika import exceptions, spec

from ergate.contracts.queue import Delivery
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.channel import ANSWER_TIMEOUT_S, Channel, resolve
from ergate_backends.rabbitmq.errors import Refused, unreachable
from ergate_backends.rabbitmq.ledger import Handle, Ledger, handle_of
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.marks import death_of, identity_of
from ergate_backends.rabbitmq.names import dead_name, queue_of

LOOK_EVERY_S = 5.0
AT_ONCE = 50
ANY_QUEUE = "default"
"""Where a dead letter belongs that does not tell where it died."""


_Got = tuple[int, spec.BasicProperties, bytes]


class DeadLetters:
    """The queue of dead letters, as receivers see it. Used on the loop's thread only."""

    def __init__(self, link: Link, place: Place) -> None:
        self._link = link
        self._place = place
        self._channel: Channel | None = None
        self._ledger: Ledger | None = None
        self._got: asyncio.Future[Any] | None = None
        self._next_look = 0.0

    def is_time(self) -> bool:
        """Whether to look now; receivers that start together do not look together."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_EVERY_S * random.uniform(0.5, 1.0)
        return True

    async def look(self, queues: Collection[str]) -> list[Delivery]:
        """Return dead letters of these queues; others go back. Raises `BackendError`."""
        channel, ledger = await self._ready()
        found: list[Delivery] = []
        others: list[Delivery] = []
        try:
            for _ in range(AT_ONCE):
                got = await self._get(channel)
                if got is None:
                    break
                delivery = self._delivery(ledger, *got)
                (found if delivery.queue in queues else others).append(delivery)
        except Refused:
            return []  # nobody has made the queue yet
        ledger.give_back([handle_of(one).number for one in others])
        return found

    async def _ready(self) -> tuple[Channel, Ledger]:
        if self._channel is None or self._ledger is None or not self._channel.is_open:
            self._channel = await self._link.channel()
            self._ledger = Ledger(self._channel)
            self._channel.raw.add_callback(
                lambda _told: self._resolve(None), [spec.Basic.GetEmpty], one_shot=False
            )
        return self._channel, self._ledger

    async def _get(self, channel: Channel) -> _Got | None:
        """Take one letter; None when there is none."""
        self._got = channel.answer()
        try:
            channel.raw.basic_get(
                dead_name(self._place.prefix),
                lambda _, told, properties, body: self._resolve(
                    (told.delivery_tag or 0, properties, body)
                ),
            )
        except exceptions.AMQPError as exc:
            raise unreachable(self._place, exc) from exc
        answer: _Got | None = await channel.wait(self._got, ANSWER_TIMEOUT_S)
        return answer

    def _resolve(self, answer: _Got | None) -> None:
        if self._got is not None:
            resolve(self._got, answer)

    def _delivery(
        self, ledger: Ledger, number: int, properties: spec.BasicProperties, body: bytes
    ) -> Delivery:
        ledger.add(number)
        name, reason = death_of(properties)
        queue = ANY_QUEUE if name is None else queue_of(self._place.prefix, name)
        handle = Handle(ledger, number, properties, is_dead=True)
        return Delivery(body, queue, handle, identity_of(properties), given_up=reason)
