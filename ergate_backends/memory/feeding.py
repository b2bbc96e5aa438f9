"""Feeds in memory: each has a copy of every history row that it has not passed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from ergate.contracts.feed import FeedInfo, FeedRow
from ergate.jobs.record import HistoryRow


@dataclass(slots=True)
class _Feed:
    holder: str
    held_until: float
    rows: dict[object, FeedRow] = field(default_factory=dict)
    """By handle, in the order of their writing."""


class Feeds:
    """The feeds of one store by name; not thread-safe by itself."""

    def __init__(self) -> None:
        self._feeds: dict[str, _Feed] = {}
        self._numbers = itertools.count(1)

    def tell(self, workflow_name: str, row: HistoryRow) -> None:
        """Give a transition to every feed."""
        for feed in self._feeds.values():
            one = FeedRow(workflow_name=workflow_name, row=row, handle=next(self._numbers))
            feed.rows[one.handle] = one

    def read(
        self, name: str, holder: str, limit: int, until: float, now: float
    ) -> list[FeedRow] | None:
        """Hold a feed until then and return its first rows; None when somebody else holds it."""
        feed = self._feeds.setdefault(name, _Feed(holder, until))
        if feed.holder != holder and feed.held_until > now:
            return None
        feed.holder, feed.held_until = holder, until
        return list(itertools.islice(feed.rows.values(), max(limit, 0)))

    def advance(self, name: str, rows: Iterable[FeedRow]) -> None:
        """Forget rows that were passed."""
        feed = self._feeds.get(name)
        if feed is not None:
            for one in rows:
                feed.rows.pop(one.handle, None)

    def all(self, now: float) -> list[FeedInfo]:
        """Return how far each feed is behind."""
        return [
            FeedInfo(
                name=name,
                holder=feed.holder if feed.held_until > now else None,
                held_until=feed.held_until,
                waiting=len(feed.rows),
                oldest_at=next((one.row.at for one in feed.rows.values()), None),
            )
            for name, feed in sorted(self._feeds.items())
        ]

    def drop(self, name: str) -> bool:
        """Forget a feed."""
        return self._feeds.pop(name, None) is not None
