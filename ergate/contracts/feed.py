"""Feeds: every transition of a store in turn, for those who tell others of it.

A feed has a copy of each history row that was written since it was opened, until that row was
passed. So nothing that is deleted meanwhile is missing, and a reader that dies goes on where its
successor finds rows that were not passed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ergate.contracts.capabilities import Capability
from ergate.contracts.journal import Entry
from ergate.contracts.queue import unsupported
from ergate.jobs.record import HistoryRow

EVENT_VERSION = 1
"""Grows when a field of an event changes its meaning or goes; new fields do not count."""
LARGEST = 1024 * 1024
"""Bytes of a result or an error in an event; every journal takes an entry of this size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One transition that a feed has not passed yet."""

    workflow_name: str
    row: HistoryRow
    handle: object
    """Whatever the store needs to pass this row."""

    def to_entry(self, *, with_result: bool = True) -> Entry:
        """Return the event for outside readers, under its job's id: see `event_of`."""
        event = event_of(self.workflow_name, self.row, with_result=with_result)
        return Entry(self.row.job_id, json.dumps(event, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInfo:
    """A feed, and how far behind it is."""

    name: str
    holder: str | None
    """Who reads it under a lease; None when the lease has ended."""
    held_until: float
    """When the last lease ends, or ended: nobody has read the feed since."""
    waiting: int
    """How many rows were not passed yet."""
    oldest_at: float | None
    """When the first of them was written."""


class Feedable:
    """What a state store can do for those who tell others of it: needs `Capability.FEEDS`."""

    def feed(self, name: str, holder: str, limit: int, lease_s: float) -> Sequence[FeedRow] | None:
        """Return up to `limit` transitions that the feed has not passed, the oldest first.

        The first call for a name opens the feed: it has every transition whose act begins after
        this call has returned, and none whose act ended before. Those of one job come in the
        order of their revisions. The caller holds the feed for `lease_s` seconds on the store's
        clock from now on, 0 gives it up; None while another holder's lease lasts.
        """
        raise unsupported(self, Capability.FEEDS)

    def advance(self, name: str, rows: Sequence[FeedRow]) -> None:
        """Let the feed pass `rows`, which it never gives again; all others come again.

        Passing a row twice changes nothing, whoever holds the feed.
        """
        raise unsupported(self, Capability.FEEDS)

    def feeds(self) -> Sequence[FeedInfo]:
        """Return every feed that was opened and not dropped, by name."""
        raise unsupported(self, Capability.FEEDS)

    def drop_feed(self, name: str) -> bool:
        """Forget a feed with all that it has not passed; return whether there was one."""
        raise unsupported(self, Capability.FEEDS)


def event_of(workflow_name: str, row: HistoryRow, *, with_result: bool = True) -> dict[str, object]:
    """Return a transition as outside readers see it: plain JSON values, times in ISO 8601."""
    kept = {"result": row.result, "detail": row.detail}
    left_out = [name for name, text in kept.items() if text is not None and _size(text) > LARGEST]
    if not with_result and row.result is not None and "result" not in left_out:
        left_out.append("result")
    return {
        "v": EVENT_VERSION,
        "id": f"{row.job_id}:{row.revision}",
        "job_id": row.job_id,
        "revision": row.revision,
        "workflow_name": workflow_name,
        "event": row.event,
        "status": str(row.status),
        "seq": row.seq,
        "step_name": row.step_name,
        "next_step": row.next_step,
        "attempt": row.attempt,
        "worker_id": row.worker_id,
        "claimed_at": _time(row.claimed_at),
        "at": _time(row.at),
        "result": None if row.result is None or "result" in left_out else _value(row.result),
        "detail": None if "detail" in left_out else _detail(row.detail),
        "left_out": left_out,
    }


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):  # a damaged row must not hold up all others
        return str(seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _detail(text: str | None) -> object:
    return _value(text) if text is not None and text.startswith("{") else text


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
