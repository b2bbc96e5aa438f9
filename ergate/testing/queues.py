"""A queue that does on purpose what real ones do by accident."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue


@dataclass
class Faults:
    """How often each fault happened so far."""

    lost: int = 0
    doubled: int = 0
    delayed: int = 0
    reordered: int = 0


@dataclass
class _Delayed:
    message: Message
    calls_left: int = field(default=0)


class FaultyQueue(Queue):
    """Wraps a queue and loses, doubles, delays and reorders messages that it has confirmed.

    Each of `lose`, `double`, `delay` and `reorder` is a probability between 0 and 1, for each
    message (`reorder`: for each batch), and may be changed at any time. The same `seed` and the
    same calls give the same faults. A delayed message is published up to `longest_delay` calls of
    `receive` later. `faults` counts what happened. May be used from several threads at once.
    """

    def __init__(
        self,
        inner: Queue,
        seed: int = 0,
        *,
        lose: float = 0.0,
        double: float = 0.0,
        delay: float = 0.0,
        reorder: float = 0.0,
        longest_delay: int = 5,
    ) -> None:
        self.lose = lose
        self.double = double
        self.delay = delay
        self.reorder = reorder
        self.longest_delay = longest_delay
        self.faults = Faults()
        self._inner = inner
        self._random = random.Random(seed)
        self._lock = Lock()
        self._delayed: list[_Delayed] = []

    @property
    def capabilities(self) -> frozenset[Capability]:  # type: ignore[override]  # the inner queue's
        """What the wrapped queue declares."""
        return self._inner.capabilities

    def publish(self, messages: Sequence[Message]) -> None:
        with self._lock:
            kept = [copy for message in messages for copy in self._survivors(message)]
            self._shuffle(kept)
        self._inner.publish(kept)

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        with self._lock:
            late = self._take_late()
        self._inner.publish(late)
        deliveries = list(self._inner.receive(queues, limit, timeout_s))
        with self._lock:
            self._shuffle(deliveries)
        return deliveries

    def wipe(self, queue: str) -> int:
        """Lose everything that waits in `queue`, as a server without a disk does at a restart.

        Returns how many messages it was. The wrapped queue needs `Capability.PURGE`.
        """
        with self._lock:
            late = [one for one in self._delayed if one.message.queue == queue]
            self._delayed = [one for one in self._delayed if one not in late]
        lost = len(late) + self._inner.purge(queue)
        with self._lock:
            self.faults.lost += lost
        return lost

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._inner.acknowledge(deliveries)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        self._inner.release(deliveries)

    def depth(self, queue: str) -> int:
        return self._inner.depth(queue)

    def purge(self, queue: str) -> int:
        return self._inner.purge(queue)

    def wake(self) -> None:
        self._inner.wake()

    def close(self) -> None:
        self._inner.close()

    def _survivors(self, message: Message) -> list[Message]:
        if self._happens(self.lose):
            self.faults.lost += 1
            return []
        if self._happens(self.delay):
            self.faults.delayed += 1
            calls = self._random.randint(1, self.longest_delay)
            self._delayed.append(_Delayed(message, calls))
            return []
        if self._happens(self.double):
            self.faults.doubled += 1
            return [message, message]
        return [message]

    def _take_late(self) -> list[Message]:
        for one in self._delayed:
            one.calls_left -= 1
        late = [one.message for one in self._delayed if one.calls_left <= 0]
        self._delayed = [one for one in self._delayed if one.calls_left > 0]
        return late

    def _shuffle(self, items: list[Message] | list[Delivery]) -> None:
        if len(items) > 1 and self._happens(self.reorder):
            self.faults.reordered += 1
            self._random.shuffle(items)

    def _happens(self, probability: float) -> bool:
        return self._random.random() < probability
