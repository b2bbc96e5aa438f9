"""`/api/v1/activity`: how many jobs ended, and how long they took, over the last minutes."""

from __future__ import annotations

import asyncio
import math
from typing import Annotated

from fastapi import Query, Request

from ergate.api.answers import JsonAnswer
from ergate.api.desk import Desk
from ergate.api.guard import Access
from ergate.api.routing import declared, new_router
from ergate.api.shapes import ActivityOfSpans
from ergate.documents.stored import activity_document

router = new_router("activity")

_SPANS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
"""Spans begin at round times, and sixty of the longest are more than a day."""
_MOST_SPANS = 60

Document = dict[str, object]
Minutes = Annotated[
    int, Query(ge=1, le=1440, description="How far to look back, the running span included.")
]


class Activities:
    """The last figures for each number of minutes, so that many who watch ask the store once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._looks: dict[int, tuple[float, asyncio.Task[Document]]] = {}

    async def latest(self, minutes: int) -> Document:
        """Return figures that are not older than a second. Raises what the store raises."""
        now = self._desk.place.clock.monotonic()
        self._looks = {key: look for key, look in self._looks.items() if self._is_fresh(look, now)}
        if minutes not in self._looks:
            self._looks[minutes] = now, asyncio.create_task(self._look(minutes))
        # Others wait for the same look, whatever becomes of the caller that began it.
        return await asyncio.shield(self._looks[minutes][1])

    def _is_fresh(self, look: tuple[float, asyncio.Task[Document]], now: float) -> bool:
        begun_at, task = look
        return not task.done() or now - begun_at < self._desk.bounds.snapshot_s

    async def _look(self, minutes: int) -> Document:
        span_s = next(one for one in _SPANS_S if one * _MOST_SPANS >= minutes * 60)
        spans = math.ceil(minutes * 60 / span_s)
        since = (self._desk.place.clock.now() // span_s - spans + 1) * span_s
        store = self._desk.place.broker.store
        found = await self._desk.ask(store.activity, since, span_s, spans)
        return {"bucket_s": span_s, "buckets": [activity_document(one) for one in found]}


@router.get(
    "/activity",
    operation_id="showActivity",
    **declared(Access.READ, 409, answer=ActivityOfSpans),
)
async def show_activity(request: Request, minutes: Minutes = 60) -> JsonAnswer:
    """Tell how many jobs ended in each span of the last minutes, and how long they took.

    At most 60 spans of equal length, the oldest first, those in which nothing ended included.
    Cancelled jobs are left out. The figures may be a second old.
    """
    activities: Activities = request.app.state.activities
    return JsonAnswer(await activities.latest(minutes))
