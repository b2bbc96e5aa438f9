"""What callers and the polling thread share: who asks for what, and what is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from ergate.contracts.queue import Delivery
from ergate.errors import ErgateError
from ergate_backends.kafka.arrivals import Arrivals, handle_of

IDLE_S = 2.0
"""Who has not asked for this long gets nothing any more: others shall have it."""
JOIN_S = 0.1
"""How long somebody who begins to ask waits for a share, beyond his own time limit. After a death
it may take six seconds, and he may know of other work."""
WITHOUT_SHARE_S = 0.2
"""How long somebody without any share waits then: he may know of other work."""
FETCH_S = 0.4
"""How long the first messages of a new share may take: until then it is not known to be empty."""


class Membership:
    """What callers and the polling thread share: who asks for what, and what is there.

    Everything is guarded by `changed`.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.arrivals = Arrivals()
        self.trouble: ErgateError | None = None
        """Why nothing comes at present."""
        self.is_closing = False
        self.shares: dict[str, float] = {}
        """For each queue when, on the monotonic clock, the last share of it came to us."""
        self.join_s = JOIN_S
        self._asked: dict[str, float] = {}
        self._began: dict[str, float] = {}
        self._woken = False

    def wanted(self) -> frozenset[str]:
        """Return the queues that somebody asked for a moment ago."""
        recent = time.monotonic() - IDLE_S
        for name in [name for name, at in self._asked.items() if at < recent]:
            del self._asked[name], self._began[name]
        return frozenset(self._asked)

    def ask(self, queues: Sequence[str]) -> None:
        """Note that somebody asks for these queues now."""
        now = time.monotonic()
        for name in queues:
            self._asked[name] = now
            self._began.setdefault(name, now)

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> list[Delivery]:
        """Take what is there, or wait for it. Raises the trouble of the polling thread."""
        start = time.monotonic()
        with self.changed:
            self._woken = False
            self.ask(queues)
            self.changed.notify_all()
            while True:
                if taken := self.arrivals.take(queues, limit):
                    for one in taken:
                        handle_of(one).partition.hand_out(handle_of(one).offset)
                    return taken
                if self.trouble is not None:
                    raise self.trouble
                left_s = self._end(queues, start, timeout_s) - time.monotonic()
                if left_s <= 0 or self._woken or self.is_closing:
                    return []
                self.changed.wait(min(left_s, IDLE_S / 4))
                self.ask(queues)

    def _end(self, queues: Sequence[str], start: float, timeout_s: float) -> float:
        """Return when a wait ends: whoever has no share yet waits until he should have one."""
        ends = [start + min(timeout_s, WITHOUT_SHARE_S)]
        for name in queues:
            if (since := self.shares.get(name)) is not None:
                ends += [start + timeout_s, since + max(timeout_s, FETCH_S)]
            else:
                ends.append(self._began.get(name, start) + self.join_s)
        return max(ends)

    def wake(self) -> None:
        """Make callers that wait return."""
        with self.changed:
            self._woken = True
            self.changed.notify_all()
