"""A member of the consumer group: one thread owns the consumer and polls, whatever steps do."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ergate.contracts.queue import Delivery
from ergate.errors import BackendUnavailable, ErgateError
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.arrivals import handle_of
from ergate_backends.kafka.client import log
from ergate_backends.kafka.membership import Membership
from ergate_backends.kafka.polling import Poller
from ergate_backends.kafka.sharing import SharePoller
from ergate_backends.kafka.topics import Topics

CLOSE_S = 8.0
PAUSE_S = 0.2
"""How long to wait after a failure until the next try."""


class Member:
    """Runs a polling thread; thread-safe.

    The thread is started by the first `receive`, so that whoever only publishes is in no group.
    """

    def __init__(self, place: Place, topics: Topics) -> None:
        self._shared = Membership()
        kind = SharePoller if place.mode == "share" else Poller
        self._poller: Poller | SharePoller = kind(place, topics, self._shared)
        self._thread: threading.Thread | None = None

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> list[Delivery]:
        """Take up to `limit` messages; block up to `timeout_s` for the first, longer to join."""
        with self._shared.changed:
            if self._thread is None and not self._shared.is_closing:
                self._thread = threading.Thread(target=self._run, name="kafka", daemon=True)
                self._thread.start()
        return self._shared.receive(queues, limit, timeout_s)

    def unsettled(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Return those that are still ours to settle."""
        with self._shared.changed:
            return [one for one in deliveries if self._poller.holds(handle_of(one))]

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Note that messages are done with; those that are not ours any more are ignored."""
        with self._shared.changed:
            for one in deliveries:
                handle = handle_of(one)
                handle.partition.settle(handle.offset)
            self._shared.changed.notify_all()

    def drop(self, queue: str) -> None:
        """Settle what waits here and nobody took."""
        with self._shared.changed:
            waiting = self._shared.arrivals.take([queue], self._shared.arrivals.count)
        self.settle(waiting)

    def wake(self) -> None:
        """Make callers that wait return."""
        self._shared.wake()

    def close(self) -> None:
        """Leave the group; what is in hand comes to others."""
        with self._shared.changed:
            self._shared.is_closing = True
            self._shared.changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._shared.is_closing:
            try:
                self._poller.turn()
            except ErgateError as exc:
                self._fail(exc)
            except Exception as exc:  # noqa: BLE001  its end would stop everything, silently
                log.exception("The thread that polls Kafka failed, and goes on")
                self._fail(BackendUnavailable(f"Kafka cannot be polled: {exc}"))
        self._poller.close()

    def _fail(self, exc: ErgateError) -> None:
        with self._shared.changed:
            self._shared.trouble = exc
            self._shared.changed.notify_all()
            self._shared.changed.wait_for(lambda: self._shared.is_closing, PAUSE_S)
