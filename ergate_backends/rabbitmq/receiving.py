"""Receiving: messages come by themselves while somebody waits for them, and wait here briefly."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ergate.contracts.queue import Delivery
from ergate.errors import BackendError
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.dead import DeadLetters
from ergate_backends.rabbitmq.ledger import Handle, by_ledger, handle_of
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.loop import Loop
from ergate_backends.rabbitmq.marks import comebacks_of, renewed
from ergate_backends.rabbitmq.publishing import Parcel, Publisher
from ergate_backends.rabbitmq.subscription import Subscription
from ergate_backends.rabbitmq.topology import RENEW_AT

TEND_S = 0.1
OPEN_LIMIT_S = 15.0
"""How long opening all that a call of `receive` needs may take."""


class Receiver:
    """The subscriptions of one queue object. Its methods may be called from any thread."""

    def __init__(self, loop: Loop, link: Link, publisher: Publisher, place: Place) -> None:
        self._loop = loop
        self._link = link
        self._publisher = publisher
        self._place = place
        self._dead = DeadLetters(link, place)
        self._changed = threading.Condition()
        self._subscriptions: dict[str, Subscription] = {}
        self._wakes = 0
        self._is_tended = False
        self._tasks: set[asyncio.Task[None]] = set()

    # --- from any thread --------------------------------------------------------------------------

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> list[Delivery]:
        """Take up to `limit` messages; block up to `timeout_s` for the first."""
        if not queues or limit <= 0:
            return []
        deadline = time.monotonic() + timeout_s
        seen = self._wakes
        with self._calling(queues) as subscriptions:
            while True:
                self._open(subscriptions, limit)
                with self._changed:
                    found = _taken(subscriptions, limit)
                    left_s = deadline - time.monotonic()
                    if found or left_s <= 0 or self._wakes != seen:
                        return found
                    if all(one.prefetch for one in subscriptions):
                        self._changed.wait(left_s)

    @contextmanager
    def _calling(self, queues: Sequence[str]) -> Iterator[list[Subscription]]:
        with self._changed:
            subscriptions = [self._subscription(name) for name in dict.fromkeys(queues)]
            for one in subscriptions:
                one.calls += 1
        try:
            yield subscriptions
        finally:
            with self._changed:
                for one in subscriptions:
                    one.calls -= 1

    def _subscription(self, queue: str) -> Subscription:
        found = self._subscriptions.get(queue)
        if found is None:
            found = Subscription(self._link, self._place, queue, self._changed)
            self._subscriptions[queue] = found
        return found

    def _open(self, subscriptions: Sequence[Subscription], limit: int) -> None:
        """See to it that messages come; while they do already, this costs nothing."""
        with self._changed:
            lacking = [one for one in subscriptions if not one.call(limit)]
        if lacking:
            what = f"Opening queues in RabbitMQ at {self._place.address}"
            self._loop.run(self._open_all(lacking, limit), OPEN_LIMIT_S, what)

    def wake(self) -> None:
        """Make calls of `receive` that wait return soon."""
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Remove messages. AMQP has no answer to that, so nothing is waited for."""
        if deliveries:
            self._loop.call(self._acknowledge, deliveries)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give messages back."""
        if deliveries:
            self._loop.call(self._release, deliveries)

    # --- on the loop's thread ---------------------------------------------------------------------

    async def _open_all(self, subscriptions: Sequence[Subscription], limit: int) -> None:
        await asyncio.gather(*(one.open(limit) for one in subscriptions))
        if not self._is_tended:
            self._is_tended = True
            asyncio.get_running_loop().call_later(TEND_S, self._tend)

    def _tend(self) -> None:
        """Close what nobody uses, and look for dead letters of what is used."""
        now = time.monotonic()
        with self._changed:
            open_ = [one for one in self._subscriptions.values() if one.prefetch]
            unused = [one for one in open_ if one.has_no_use(now)]
        for one in unused:
            self._do(one.close(self._release))
        if len(open_) > len(unused) and self._dead.is_time():
            self._do(self._look())
        self._is_tended = bool(open_)
        if open_:
            asyncio.get_running_loop().call_later(TEND_S, self._tend)

    async def _look(self) -> None:
        """Put dead letters beside the other messages of their queues."""
        with self._changed:
            queues = [one.queue for one in self._subscriptions.values() if one.prefetch]
        letters = await self._dead.look(queues)
        homeless = []
        with self._changed:
            for letter in letters:
                subscription = self._subscriptions[letter.queue]
                if subscription.prefetch:
                    subscription.inbox.append(letter)
                else:
                    homeless.append(letter)
            self._changed.notify_all()
        self._give_back(homeless)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside all else; without the connection there is nothing to do."""

        async def do() -> None:
            with suppress(BackendError):
                await work

        task = asyncio.get_running_loop().create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for ledger, handles in by_ledger(deliveries).items():
            ledger.acknowledge([handle.number for handle in handles])

    def _give_back(self, deliveries: Sequence[Delivery]) -> None:
        for ledger, handles in by_ledger(deliveries).items():
            ledger.give_back([handle.number for handle in handles])

    def _release(self, deliveries: Sequence[Delivery]) -> None:
        old = [one for one in deliveries if _is_old(handle_of(one))]
        self._give_back([one for one in deliveries if not _is_old(handle_of(one))])
        if old:
            self._do(self._renew(old))

    async def _renew(self, deliveries: Sequence[Delivery]) -> None:
        """Publish messages anew, so that their comebacks are counted from the beginning."""
        parcels = [
            Parcel(one.queue, one.body, renewed(handle_of(one).properties, one.identity))
            for one in deliveries
        ]
        try:
            await self._publisher.publish(parcels)
        except BackendError:
            self._give_back(deliveries)
        else:
            self._acknowledge(deliveries)


def _is_old(handle: Handle) -> bool:
    return not handle.is_dead and comebacks_of(handle.properties) >= RENEW_AT


def _taken(subscriptions: Sequence[Subscription], limit: int) -> list[Delivery]:
    """Take the oldest messages, of each queue in turn."""
    found: list[Delivery] = []
    while len(found) < limit:
        ready = [one for one in subscriptions if one.inbox]
        if not ready:
            break
        found += [one.inbox.popleft() for one in ready[: limit - len(found)]]
    return found
