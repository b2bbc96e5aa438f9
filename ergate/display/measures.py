"""Measurements in bounded memory: how long steps ran, and how many ended each second."""

from __future__ import annotations

import math

_SMALLEST_S = 1e-6
_GROWTH = 1.1
_LOG_GROWTH = math.log(_GROWTH)
_BUCKETS = 300
"""The last one begins at about 27 days."""


class Histogram:
    """Durations counted in buckets that grow by 10 %, so that a quantile is about 5 % off at most.

    It takes the same small memory however many durations it has seen.
    """

    __slots__ = ("_buckets", "largest", "total")

    def __init__(self) -> None:
        self._buckets = [0] * _BUCKETS
        self.total = 0
        self.largest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration in seconds."""
        self.largest = max(self.largest, seconds)
        index = 0 if seconds <= _SMALLEST_S else int(math.log(seconds / _SMALLEST_S) / _LOG_GROWTH)
        self._buckets[min(index, _BUCKETS - 1)] += 1
        self.total += 1

    def quantile(self, share: float) -> float | None:
        """Return the duration that `share` (0 to 1) of all did not exceed; None without any."""
        if not self.total:
            return None
        wanted = share * self.total
        seen = 0
        for index, number in enumerate(self._buckets):
            seen += number
            if number and seen >= wanted:
                middle: float = _SMALLEST_S * _GROWTH ** (index + 0.5)
                return min(float(f"{middle:.3g}"), self.largest)
        return self.largest


class PerSecond:
    """How many things happened in each of the last seconds."""

    __slots__ = ("_counts", "_marks", "_size")

    def __init__(self, seconds: int = 60) -> None:
        self._size = seconds + 1  # and the second that is not over yet
        self._marks = [-1] * self._size
        self._counts = [0] * self._size

    def add(self, at: float, number: int = 1) -> None:
        """Count `number` things at the time `at`; what is older than what is kept is dropped."""
        second = int(at)
        slot = second % self._size
        if self._marks[slot] < second:
            self._marks[slot] = second
            self._counts[slot] = 0
        if self._marks[slot] == second:
            self._counts[slot] += number

    def series(self, now: float) -> list[float]:
        """Return the counts of the full seconds before `now`, the oldest first."""
        last = int(now) - 1
        return [float(self._at(second)) for second in range(last - self._size + 2, last + 1)]

    def rate(self, now: float, seconds: int = 5) -> float:
        """Return things per second over the last full `seconds` before `now`."""
        return sum(self.series(now)[-seconds:]) / seconds

    def _at(self, second: int) -> int:
        slot = second % self._size
        return self._counts[slot] if self._marks[slot] == second else 0
