"""A clock that a test owns."""

from __future__ import annotations

from threading import Lock

START = 1_700_000_000.0
"""A Tuesday in November 2023: any fixed moment would do."""


class FakeClock:
    """Both clocks of `ergate.clock.Clock`, standing still until a test moves them.

    `start` is the wall clock's first answer, in seconds since 1970. May be used from any thread.
    """

    def __init__(self, start: float = START) -> None:
        self._lock = Lock()
        self._wall = start
        self._monotonic = 0.0

    def now(self) -> float:
        """Return the wall clock in seconds since 1970-01-01 UTC."""
        return self._wall

    def monotonic(self) -> float:
        """Return the seconds that passed since the clock was made; jumps do not count."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks. Raises `ValueError` for a negative time."""
        if seconds < 0:
            raise ValueError(f"Time cannot pass by {seconds} s; see jump().")
        with self._lock:
            self._wall += seconds
            self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Change the wall clock alone, as an administrator or NTP does; may be negative."""
        with self._lock:
            self._wall += seconds
