"""What has arrived from Kafka and waits in this process for somebody to take it."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import Message

from ergate.contracts.queue import Delivery
from ergate_backends.kafka.partition import Partition

IDENTITY_HEADER = "ergate-identity"
"""A header that says which message this is, when it was published again."""


@dataclass(frozen=True, slots=True)
class Handle:
    """Where a delivery came from."""

    partition: Partition
    offset: int


class Arrivals:
    """Messages by queue, in their order. Not thread-safe."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Delivery]] = {}
        self.count = 0
        self.size = 0
        """How many bytes all bodies have."""

    def add(self, delivery: Delivery) -> None:
        """Put a message behind those of its queue."""
        self._waiting.setdefault(delivery.queue, deque()).append(delivery)
        self._count(delivery, 1)

    def take(self, queues: Sequence[str], limit: int) -> list[Delivery]:
        """Remove and return up to `limit` messages, from each of the queues in turn."""
        taken: list[Delivery] = []
        sources = [waiting for name in queues if (waiting := self._waiting.get(name))]
        while sources and len(taken) < limit:
            for waiting in list(sources):
                if len(taken) < limit:
                    taken.append(waiting.popleft())
                    self._count(taken[-1], -1)
                if not waiting:
                    sources.remove(waiting)
        return taken

    def drop(self, is_dropped: Callable[[Delivery], bool]) -> None:
        """Forget the messages of which this is true."""
        for name, waiting in self._waiting.items():
            kept = deque(one for one in waiting if not is_dropped(one))
            self._waiting[name] = kept
        left = [one for waiting in self._waiting.values() for one in waiting]
        self.count, self.size = len(left), sum(len(one.body) for one in left)

    def _count(self, delivery: Delivery, sign: int) -> None:
        self.count += sign
        self.size += sign * len(delivery.body)


def handle_of(delivery: Delivery) -> Handle:
    """Return the handle that this queue gave to a delivery."""
    handle = delivery.handle
    assert isinstance(handle, Handle), "a delivery of another queue"
    return handle


def identity_of(message: Message) -> str:
    """Return what tells a message from all others, in each delivery of it.

    Its place alone does not: a topic that is deleted and made anew begins at 0 again. The id of
    the topic would tell, but cannot be read together with the message; when it was written, and
    what it says, can.
    """
    if known := dict(message.headers() or ()).get(IDENTITY_HEADER):
        return known.decode(errors="replace") if isinstance(known, bytes) else known
    digest = hashlib.blake2b(message.value() or b"", digest_size=8)
    _, written_at = message.timestamp()
    return f"kafka-{message.partition()}-{message.offset()}-{written_at}-{digest.hexdigest()}"
