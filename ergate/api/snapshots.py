"""What is going on now, read from the store once for all who watch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from ergate.api.desk import Desk, Place
from ergate.api.found import list_page
from ergate.api.names import now
from ergate.api.workers import worker_documents
from ergate.contracts.state_store import JobFilter
from ergate.documents.stored import queue_document

RECENT = 25
_SHOWN = (
    "id",
    "workflow_name",
    "status",
    "queue",
    "step_name",
    "percent_completed",
    "created_at",
    "updated_at",
    "finished_at",
)
_ALWAYS_NEW = {"oldest_age_s", "lease_left_s", "expires_at"}
"""They change with every look although nothing happened."""

Snapshot = Mapping[str, object]


class Snapshots:
    """The last look at the store; a new one is taken when it is too old and somebody asks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = asyncio.Lock()
        self._last: Snapshot = {}
        self._taken_at = float("-inf")

    async def latest(self) -> Snapshot:
        """Return a look that is not older than a second. Raises what the store raises."""
        async with self._lock:
            if time.monotonic() - self._taken_at >= self._desk.bounds.snapshot_s:
                self._last = await self._desk.ask(_look, self._desk.place)
                self._taken_at = time.monotonic()
            return self._last


def changes(before: Snapshot, after: Snapshot) -> Snapshot:
    """Return the parts of `after` that differ."""
    return {name: part for name, part in after.items() if before.get(name) != part}


def _look(place: Place) -> Snapshot:
    store = place.broker.store
    jobs = list_page(place, JobFilter(), RECENT, 0).items
    counts = {str(status): number for status, number in store.count(JobFilter()).items()}
    return {
        "counts": counts,
        "queues": [_calm(queue_document(stats, now())) for stats in store.queues()],
        "workers": [_calm(worker) for worker in worker_documents(place)],
        "jobs": [{name: job[name] for name in _SHOWN} for job in jobs],
    }


def _calm(document: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if name not in _ALWAYS_NEW}
