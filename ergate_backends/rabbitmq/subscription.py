"""One queue that is received from: its channel, its consumers, and what they have brought."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable

from pika import spec
from pika.channel import Channel as RawChannel

from ergate.contracts.queue import Delivery
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.channel import Channel
from ergate_backends.rabbitmq.errors import Refused, refused
from ergate_backends.rabbitmq.ledger import Handle, Ledger
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.marks import identity_of
from ergate_backends.rabbitmq.names import queue_name
from ergate_backends.rabbitmq.topology import declare

LINGER_S = 0.2
"""How long after the last `receive` messages are still taken in advance."""
WINDOW_S = 1.0
"""Over this time the largest demand counts."""
TOO_WIDE = 4
"""A consumer that may hold so many times the demand is opened anew."""
WIDEST = 2**15


class Subscription:
    """Consumers of one queue, opened while somebody receives, and as wide as that needs.

    `prefetch`, `calls` and the inbox belong to the receiver's condition `changed`; all else to the
    loop's thread.
    """

    def __init__(self, link: Link, place: Place, queue: str, changed: threading.Condition) -> None:
        self.queue = queue
        self.inbox: deque[Delivery] = deque()
        self.prefetch = 0
        """How many unacknowledged messages the server sends at most; 0 without a consumer."""
        self.calls = 0
        """How many calls of `receive` wait for this queue."""
        self._changed = changed
        self._called_at = 0.0
        self._demand = 0
        self._window_ends = 0.0
        self._is_too_wide = False
        self._link = link
        self._place = place
        self._name = queue_name(place.prefix, queue)
        self._channel: Channel | None = None
        self._ledger: Ledger | None = None
        self._consumers: list[str] = []
        self._lock = asyncio.Lock()
        self._fresh: list[Delivery] = []

    # --- demand, under the receiver's condition ---------------------------------------------------

    def call(self, limit: int) -> bool:
        """Note a demand; return whether what is open is enough for it."""
        now = time.monotonic()
        need = self._need(limit)
        if now > self._window_ends:
            self._is_too_wide = self.prefetch >= TOO_WIDE * max(1, self._demand)
            self._window_ends, self._demand = now + WINDOW_S, need
        self._demand = max(self._demand, need)
        self._called_at = now
        return self.prefetch >= min(need, WIDEST)

    def _need(self, limit: int) -> int:
        # Messages in hand count until they are acknowledged, and new ones must come beside them.
        held = 0 if self._ledger is None else max(0, len(self._ledger) - len(self.inbox))
        return held + limit

    def has_no_use(self, now: float) -> bool:
        """Whether its consumers hold more than is asked for, or nobody asks any more."""
        is_idle = not self.calls and now - self._called_at > LINGER_S
        return bool(self.prefetch) and (is_idle or self._is_too_wide)

    # --- on the loop's thread ---------------------------------------------------------------------

    async def open(self, limit: int) -> None:
        """Have at least `limit` messages sent beside those in hand.

        Raises `BackendUnavailable`, and `BackendError` for a queue that cannot be used.
        """
        async with self._lock:
            need = min(WIDEST, _rounded(self._need(limit)))
            more = need - self.prefetch
            if more <= 0:
                return
            channel = await self._open_channel()
            try:
                await channel.order(channel.raw.basic_qos, prefetch_count=more)
                answer = await channel.order(
                    channel.raw.basic_consume, self._name, self._on_message, of=self._name
                )
            except Refused as exc:
                raise refused(self._place, exc, f'to receive from "{self._name}"') from exc
            self._consumers.append(answer.consumer_tag)
            with self._changed:
                self.prefetch += more

    async def _open_channel(self) -> Channel:
        if self._channel is None:
            await declare(self._link, self._place, [self.queue])
            channel = await self._link.channel()
            channel.raw.add_on_cancel_callback(lambda _told: channel.close())  # it was deleted
            channel.on_close.append(lambda _error: self._lost(channel))
            self._channel, self._ledger = channel, Ledger(channel)
        return self._channel

    def _lost(self, channel: Channel) -> None:
        """Forget what the server delivers again."""
        if channel is not self._channel:
            return
        self._channel = self._ledger = None
        self._consumers.clear()
        self._fresh.clear()
        with self._changed:
            self.prefetch = 0
            self.inbox.clear()
            self._changed.notify_all()

    async def close(self, give_back: Callable[[list[Delivery]], None]) -> None:
        """Take no more messages, and give back what nobody has asked for."""
        async with self._lock:
            with self._changed:
                if not self.has_no_use(time.monotonic()):
                    return
                self.prefetch, self._is_too_wide = 0, False
            channel = self._channel
            consumers, self._consumers = self._consumers, []
            if channel is None:
                return
            for consumer in consumers:
                # What is on its way meanwhile is given back by the client library.
                await channel.order(channel.raw.basic_cancel, consumer)
            with self._changed:
                keep = self._demand if self.calls else 0
                unused = [self.inbox.pop() for _ in range(len(self.inbox) - keep)][::-1]
                self._changed.notify_all()
            give_back(unused)

    def _on_message(
        self,
        _: RawChannel,
        told: spec.Basic.Deliver,
        properties: spec.BasicProperties,
        body: bytes,
    ) -> None:
        ledger = self._ledger
        if ledger is None or told.delivery_tag is None:
            return
        ledger.add(told.delivery_tag)
        handle = Handle(ledger, told.delivery_tag, properties)
        self._fresh.append(Delivery(body, self.queue, handle, identity_of(properties)))
        if len(self._fresh) == 1:  # the others of this burst are read before the loop goes on
            asyncio.get_running_loop().call_soon(self._hand_over)

    def _hand_over(self) -> None:
        with self._changed:
            self.inbox.extend(self._fresh)
            self._changed.notify_all()
        self._fresh.clear()


def _rounded(number: int) -> int:
    """Return the next power of two, so that the width changes seldom."""
    return 1 << (number - 1).bit_length()
