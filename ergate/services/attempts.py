"""What each thread is in the middle of: one exchange on the network, with one deadline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ergate.clock import Clock


@dataclass(slots=True)
class Attempt:
    """One exchange on the network, as the thread that makes it sees it."""

    deadline: float
    """When it must be over, on the monotonic clock."""
    is_fresh: bool = False
    """Whether a connection was made for it, rather than one used again."""
    received: int = 0
    """Bytes that have come in."""
    has_ended: bool = False
    """Whether the other side has closed the connection."""


class Attempts:
    """Holds every read and write of a thread to the deadline of its exchange.

    A read time-out alone would not end a service that sends one byte per second for ever.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._local = threading.local()

    @contextmanager
    def until(self, deadline: float) -> Iterator[Attempt]:
        """Let the calling thread make an attempt that must be over at `deadline`."""
        attempt = self._local.attempt = Attempt(deadline)
        try:
            yield attempt
        finally:
            del self._local.attempt

    @property
    def current(self) -> Attempt:
        """The attempt of the calling thread."""
        attempt: Attempt = self._local.attempt
        return attempt

    def patience_s(self, timeout: float | None = None) -> float:
        """Return how long the calling thread may still wait, at most `timeout`; 0 if no more."""
        left = max(0.0, self.current.deadline - self._clock.monotonic())
        return left if timeout is None else min(left, timeout)
