"""How many claims a worker has in hand, and how many more it should take."""

from __future__ import annotations

import threading

PREFETCH_S = 0.02
"""How much work to hold in reserve: it hides a round trip, and is little to give back."""
PREFETCH_MAX = 250
_WEIGHT = 0.2


class Hand:
    """Counts claims from claim to end; the reserve follows the measured time of steps.

    Quick steps are taken by the hundred, which spreads the cost of a round trip over them. A
    step that takes longer than `PREFETCH_S` is never held back from other workers.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._changed = threading.Condition()
        self._count = 0
        self._step_s: float | None = None
        self.ended = 0
        """How many claims have ended."""

    @property
    def count(self) -> int:
        """Claims that run or wait for a slot."""
        return self._count

    def take(self) -> None:
        """Note one more claim in hand."""
        with self._changed:
            self._count += 1

    def end(self, run_s: float) -> None:
        """Note that a claim left the hand, after its step ran for `run_s` seconds."""
        with self._changed:
            self._count -= 1
            self.ended += 1
            before = run_s if self._step_s is None else self._step_s
            self._step_s = before + _WEIGHT * (run_s - before)
            if self._count <= self._low():
                self._changed.notify_all()

    def room(self) -> int:
        """Return how many claims to ask for now; 0 while enough is in hand."""
        with self._changed:
            if self._count > self._low():
                return 0
            return self._concurrency + self._reserve() - self._count

    def wait_for_room(self, timeout_s: float) -> bool:
        """Block until there may be room again; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count <= self._low(), timeout_s)

    def wait_empty(self, timeout_s: float) -> bool:
        """Block until nothing is in hand; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, timeout_s)

    def _low(self) -> int:
        """The count at which more is asked for: half of the reserve, or one slot free."""
        return max(self._concurrency - 1, (self._concurrency + self._reserve()) // 2)

    def _reserve(self) -> int:
        if self._step_s is None or self._step_s > PREFETCH_S:
            return 0
        share = PREFETCH_S / max(self._step_s, 1e-6)
        return min(PREFETCH_MAX, int(share * self._concurrency))
