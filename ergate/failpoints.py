"""Named places between two durable acts, where a test can let the process die.

`ERGATE_FAILPOINT=after_claim` kills the process (SIGKILL) when it first comes to that place;
`after_claim:3` at the third time; `after_claim@/path/once` only if that file could be created,
so that a restarted process goes on. Without the variable a failpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

NAMES = frozenset(
    {
        "after_submit",  # the job is accepted, its ticket is not published
        "after_publish",  # the queue has the ticket, the outbox does not know it
        "after_receive",  # a ticket is in hand, nothing is claimed
        "after_claim",  # the claim is durable, the ticket is not acknowledged
        "after_acknowledge",  # the ticket is gone, the step has not started
        "before_step",  # the step is marked as started
        "after_step",  # the step has run, its outcome is not written
        "after_settle",  # the outcome is written, its successor's ticket is not published
        "before_recover",  # a child is dead, its jobs are still held
        "in_sweep",  # a pass has begun
        "after_sweep",  # a pass is written, its tickets are not published
    }
)

MOVING = frozenset(
    {
        "after_depart",  # jobs are on their way, and nowhere else yet
        "after_admit",  # the target has them, the source does not know it
        "after_dismiss",  # the source has forgotten them
        "after_bury",  # the target has dead letters that the source still lists
        "after_drain",  # messages are in the source's store, and still in its queue
    }
)
"""The same on the way from one backend to another, which no worker passes."""

PUBLISHING = frozenset(
    {
        "after_append",  # the journal has a page of events, the feed has not passed it
        "after_advance",  # the feed has passed a page
    }
)
"""The same where a supervisor tells outside readers, which it does only with `publish_to`."""


def _pass(name: str) -> None:
    """Do nothing: no failpoint is set."""


def _armed(setting: str) -> Callable[[str], None]:
    place, _, once = setting.partition("@")
    wanted, _, count = place.partition(":")
    left = int(count or 1)

    def check(name: str) -> None:
        nonlocal left
        if name != wanted:
            return
        left -= 1
        if left == 0 and _is_first(once):
            os.kill(os.getpid(), signal.SIGKILL)

    return check


def _is_first(path: str) -> bool:
    if not path:
        return True
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


_setting = os.environ.get("ERGATE_FAILPOINT")
failpoint: Callable[[str], None] = _armed(_setting) if _setting else _pass
"""Call it with one of `NAMES` or `MOVING` where a crash must be harmless."""
