"""Notices that this process stood still, because of a signal or together with its machine."""

from __future__ import annotations

import time

BUSY = 0.05
"""With this share of a processor in use a process was at work, and a step kept all others waiting.

Its supervisor sees that as a sign of life and goes on renewing the lease.
"""


class Freeze:
    """After a freeze the lease may have ended, and a sweep would free what is claimed next.

    Each thread that turns in this process calls `is_over` often; the first that wakes finds the
    gap. From then on nothing is claimed until the supervisor had the time to renew the lease.
    """

    def __init__(self, lease_s: float, heartbeat_s: float) -> None:
        self._longest_s = lease_s / 2
        self._renewal_s = heartbeat_s
        self._seen: tuple[float, float] | None = None
        """When somebody last turned, and what the process had used of the processor by then."""
        self._over_from = 0.0

    def is_over(self) -> bool:
        """Return whether the lease was renewed all the time, or is again."""
        now, used_s = time.monotonic(), time.process_time()
        if self._seen is not None:
            gap_s, work_s = now - self._seen[0], used_s - self._seen[1]
            if gap_s > self._longest_s and work_s < gap_s * BUSY:
                # In this order: whoever reads the new moment must find the pause as well.
                self._over_from = now + self._renewal_s
        self._seen = now, used_s
        return now >= self._over_from
