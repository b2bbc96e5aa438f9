"""An external queue of Redis streams: one stream per queue, one consumer group for all workers.

An entry has the field `body`, so any program can hand in a job:
`XADD {ergate}:stream:default * body '{"workflow_name": "…"}'`.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from ergate.clock import Clock
from ergate.contracts.address import Address
from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.errors import BackendError, BackendUnavailable
from ergate_backends.redis.server import Argument, Server

GROUP = "workers"
WAIT_PIECE_S = 1.0
"""A blocking read is made of pieces this long: `wake` and a broken connection are noticed then."""
ABANDONED_S = 6.0
"""What nobody acknowledged for this long is taken from its receiver. A ticket is acknowledged as
soon as its claim is written, so only the dead keep one; taking it from the living is harmless.
Longer than one call may block."""
RECLAIM_EVERY_S = 2.5

Handle = tuple[str, bytes]
"""The queue's name and the entry's id in its stream."""


class RedisQueue(Queue):
    """Streams with a consumer group; what is acknowledged is deleted from the stream, too.

    Raises `BackendUnavailable` when the server does not answer now.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.SHARED, Capability.DURABLE, Capability.DEPTH, Capability.PURGE}
    )

    def __init__(self, address: Address, clock: Clock) -> None:
        self._server = Server(address, clock)
        self._consumer = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._in_hand: dict[Handle, Delivery] = {}
        self._next_reclaim = 0.0
        self._woken = threading.Event()
        self._server.command("PING")

    def publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        with self._server.errors():
            pipeline = self._server.pipeline()
            for message in messages:
                stream = self._server.key("stream", message.queue)
                pipeline.execute_command("XADD", stream, "*", "body", message.body)
            pipeline.execute()

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        names = list(dict.fromkeys(queues))
        if not names or limit <= 0:
            return []
        self._woken.clear()
        found = self._abandoned(names, limit)
        deadline = time.monotonic() + timeout_s
        while not found:
            left = deadline - time.monotonic()
            found = self._read(names, limit, min(left, WAIT_PIECE_S))
            if left <= 0 or self._woken.is_set():
                break
        return self._taken(found, limit)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._each_queue("acknowledge", deliveries)
        self._let_go(deliveries)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        self._each_queue("release", deliveries)
        self._let_go(deliveries)

    def depth(self, queue: str) -> int:
        return int(self._server.run("depth", self._server.key("stream", queue), GROUP))

    def purge(self, queue: str) -> int:
        return int(self._server.run("purge", self._server.key("stream", queue), GROUP))

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        with self._lock:
            held = list(self._in_hand.values())
        try:
            if held:
                self.release(held)
        except BackendUnavailable:
            pass  # they are abandoned, and come back to others
        self._server.close()

    # --- receiving ------------------------------------------------------------------------------

    def _read(self, names: Sequence[str], limit: int, wait_s: float) -> list[Delivery]:
        # Redis counts per stream, and takes BLOCK 0 for "for ever".
        block: tuple[Argument, ...] = ("BLOCK", max(1, int(wait_s * 1000))) if wait_s > 0 else ()
        streams = [self._server.key("stream", name) for name in names]
        share = max(1, limit // len(names))
        order = ("XREADGROUP", "GROUP", GROUP, self._consumer, "COUNT", share, *block)
        answer = self._in_groups(
            names, lambda: self._server.once(*order, "STREAMS", *streams, *[">"] * len(streams))
        )
        by_stream = dict(zip(streams, names, strict=True))
        return [
            _delivery(by_stream[stream.decode()], entry)
            for stream, entries in _items(answer)
            for entry in entries
        ]

    def _abandoned(self, names: Sequence[str], limit: int) -> list[Delivery]:
        """Return what the dead have left, if it is time to look for it."""
        if time.monotonic() < self._next_reclaim:
            return []
        self._next_reclaim = time.monotonic() + RECLAIM_EVERY_S
        found: list[Delivery] = []
        for name in names:
            if len(found) < limit:
                found += self._reclaimed(name, limit - len(found))
        return found

    def _reclaimed(self, name: str, limit: int) -> list[Delivery]:
        who = (self._server.key("stream", name), GROUP, self._consumer)
        idle_ms = int(ABANDONED_S * 1000)
        entries = self._in_groups([name], lambda: self._server.run("reclaim", *who, idle_ms, limit))
        return [_delivery(name, entry) for entry in entries]

    def _in_groups(self, names: Iterable[str], act: Callable[[], Any]) -> Any:
        """Do what needs the consumer groups, and make them when they are not there."""
        try:
            return act()
        except BackendError as exc:
            # A stream that is wiped while we wait at it is told in one of these ways.
            if not any(word in str(exc) for word in ("NOGROUP", "UNBLOCKED", "no longer exists")):
                raise
        for name in names:
            try:
                self._server.once(
                    "XGROUP", "CREATE", self._server.key("stream", name), GROUP, "0", "MKSTREAM"
                )
            except BackendError as exc:
                if "BUSYGROUP" not in str(exc):  # another worker was faster
                    raise
        return act()

    def _taken(self, found: Sequence[Delivery], limit: int) -> list[Delivery]:
        taken, surplus = list(found[:limit]), found[limit:]
        with self._lock:
            self._in_hand.update({_handle(delivery): delivery for delivery in taken})
        if surplus:
            self.release(surplus)
        return taken

    # --- settling -------------------------------------------------------------------------------

    def _each_queue(self, script: str, deliveries: Sequence[Delivery]) -> None:
        by_queue: dict[str, list[bytes]] = {}
        for delivery in deliveries:
            queue, entry = _handle(delivery)
            by_queue.setdefault(queue, []).append(entry)
        for queue, entries in by_queue.items():
            stream = self._server.key("stream", queue)
            self._server.run(script, stream, GROUP, *entries, repeatable=True)

    def _let_go(self, deliveries: Sequence[Delivery]) -> None:
        with self._lock:
            for delivery in deliveries:
                self._in_hand.pop(_handle(delivery), None)


def _handle(delivery: Delivery) -> Handle:
    handle = delivery.handle
    assert isinstance(handle, tuple), "a delivery of another queue"
    return handle


def _delivery(queue: str, entry: Sequence[Any]) -> Delivery:
    entry_id, flat = entry
    fields = dict(_items(flat))
    # A message that was given back is a new entry, and carries the id of its first.
    identity = fields.get(b"id", entry_id).decode()
    return Delivery(fields.get(b"body", b""), queue, (queue, entry_id), identity)


def _items(answer: Any) -> list[tuple[Any, Any]]:
    """Return pairs, whether the client library made a mapping, pairs or one flat list of them."""
    if not answer:
        return []
    if isinstance(answer, dict):
        return list(answer.items())
    if isinstance(answer[0], list | tuple):
        return [(one, two) for one, two in answer]
    return list(zip(answer[::2], answer[1::2], strict=True))
