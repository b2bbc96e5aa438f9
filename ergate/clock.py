"""Time as a thing that is passed in, so that tests can own it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks with different names: one to store, one to measure."""

    def now(self) -> float:
        """Return the wall clock in seconds since 1970-01-01 UTC; it may jump."""
        ...

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; it never goes back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
