"""An external queue in memory: the readable reference for what `Queue` promises."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Condition
from typing import ClassVar

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue


@dataclass(frozen=True, slots=True)
class _Stored:
    identity: str
    message: Message


class MemoryQueue(Queue):
    """Messages in the order in which they were published, one list per queue, under one lock.

    A receiver lives in this process, so what it holds comes back only when it is released.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.DEPTH, Capability.PURGE})

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: dict[str, deque[_Stored]] = {}
        self._held: dict[object, _Stored] = {}
        self._numbers = itertools.count(1)
        self._wakes = 0

    def publish(self, messages: Sequence[Message]) -> None:
        with self._changed:
            for message in messages:
                stored = _Stored(f"memory-{next(self._numbers)}", message)
                self._waiting.setdefault(message.queue, deque()).append(stored)
            self._changed.notify_all()

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        with self._changed:
            wakes = self._wakes
            self._changed.wait_for(
                lambda: self._has_any(queues) or self._wakes != wakes, max(timeout_s, 0)
            )
            return [self._hand_out(stored) for stored in self._take(queues, limit)]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with self._changed:
            for delivery in deliveries:
                self._held.pop(delivery.handle, None)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        with self._changed:
            for delivery in reversed(deliveries):
                self._give_back(delivery.handle)
            self._changed.notify_all()

    def depth(self, queue: str) -> int:
        with self._changed:
            return len(self._waiting.get(queue, ()))

    def purge(self, queue: str) -> int:
        with self._changed:
            return len(self._waiting.pop(queue, ()))

    def wake(self) -> None:
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            for handle in reversed(list(self._held)):
                self._give_back(handle)
        self.wake()

    def _has_any(self, queues: Iterable[str]) -> bool:
        return any(self._waiting.get(queue) for queue in queues)

    def _take(self, queues: Iterable[str], limit: int) -> Iterable[_Stored]:
        """Yield up to `limit` messages, one from each queue in turn, so that none starves."""
        names = list(dict.fromkeys(queues))
        while limit > 0 and self._has_any(names):
            for name in names:
                if limit > 0 and self._waiting.get(name):
                    limit -= 1
                    yield self._waiting[name].popleft()

    def _hand_out(self, stored: _Stored) -> Delivery:
        # A number of its own, so that a late acknowledge cannot hit the next delivery.
        handle = next(self._numbers)
        self._held[handle] = stored
        return Delivery(stored.message.body, stored.message.queue, handle, stored.identity)

    def _give_back(self, handle: object) -> None:
        stored = self._held.pop(handle, None)
        if stored is not None:
            self._waiting.setdefault(stored.message.queue, deque()).appendleft(stored)
