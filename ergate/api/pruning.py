"""`/api/v1/prune`: ended jobs are deleted with their history."""

from __future__ import annotations

from pydantic import ConfigDict, Field, field_validator

from ergate.api.answers import JsonAnswer
from ergate.api.bounds import MAX_BULK_MATCHES, MAX_DELAY_S
from ergate.api.desk import AskedDesk, Place
from ergate.api.guard import Access
from ergate.api.routing import Strict, declared, new_router
from ergate.api.shapes import Pruned
from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus

router = new_router("jobs")


class Pruning(Strict):
    """Which jobs are to be deleted."""

    model_config = ConfigDict(json_schema_extra={"example": {"older_than_s": 604_800}})

    older_than_s: float = Field(ge=0, le=MAX_DELAY_S, description="They ended so long ago.")
    status: JobStatus | None = Field(default=None, description="They ended with this status.")
    dry_run: bool = Field(default=False, description="Only count them.")

    @field_validator("status")
    @classmethod
    def _is_an_end(cls, status: JobStatus | None) -> JobStatus | None:
        if status is not None and not status.is_final:
            raise ValueError(f"only jobs that have ended can be deleted, and {status} is no end")
        return status


@router.post("/prune", operation_id="pruneJobs", **declared(Access.WRITE, answer=Pruned))
async def prune_jobs(desk: AskedDesk, pruning: Pruning) -> JsonAnswer:
    """Delete jobs that ended long ago, at most 10,000 at once; `left` tells how many are left."""
    return JsonAnswer(await desk.order(_prune, desk.place, pruning))


def _prune(place: Place, pruning: Pruning) -> dict[str, int]:
    place.check_orders()
    store = place.broker.store
    before = place.clock.now() - pruning.older_than_s
    which = JobFilter(status=pruning.status, finished_before=before)
    matching = sum(store.count(which).values())
    deleted = 0
    while not pruning.dry_run and deleted < MAX_BULK_MATCHES:
        pruned = store.prune(which)
        deleted += pruned
        if not pruned:
            break
    return {"deleted": deleted, "left": max(0, matching - deleted)}
