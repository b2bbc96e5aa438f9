"""Those who tell others of transitions: they read, and pass what they have read, or not yet."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from ergate.contracts.capabilities import Capability
from ergate.jobs.record import HistoryRow
from ergate.testing.conformance.moves import assert_same
from ergate.testing.stories.story import Story

FEED, READER = "story", "reader"
LONG_S = 1e6


class Feeding(Story):
    """A feed that is open from the beginning has every row, those of a job in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: Counter[str] = Counter()
        """How many rows of each job the feed has passed; they are its first ones."""
        if self._has_feeds():
            assert self.store.feed(FEED, READER, 0, LONG_S) == []

    def _has_feeds(self) -> bool:
        return Capability.FEEDS in self.store.capabilities

    def _untold(self) -> dict[str, list[HistoryRow]]:
        told = self.reference.told.items()
        return {job_id: rows[self.passed[job_id] :] for job_id, rows in told}

    @precondition(lambda self: self._has_feeds())
    @rule(limit=st.integers(min_value=1, max_value=20), passes=st.booleans())
    def read_the_feed(self, limit: int, passes: bool) -> None:  # noqa: FBT001
        rows = self.store.feed(FEED, READER, limit, LONG_S)
        assert rows is not None
        untold = self._untold()
        assert len(rows) == min(limit, sum(map(len, untold.values())))
        for one in rows:
            assert_same(one.row, untold[one.row.job_id].pop(0))
        if passes:
            self.store.advance(FEED, rows)
            self.passed.update(one.row.job_id for one in rows)

    @precondition(lambda self: self._has_feeds())
    @invariant()
    def the_feed_holds_what_was_not_passed(self) -> None:
        (info,) = self.store.feeds()
        assert info.waiting == sum(map(len, self._untold().values()))
