"""`/api/v1/bulk`: one order for many jobs, a list of them or everything that matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from ergate.api.answers import JsonAnswer
from ergate.api.bounds import MAX_BULK_IDS, MAX_BULK_MATCHES, MAX_PAGE
from ergate.api.desk import AskedDesk, Place
from ergate.api.filters import Matching
from ergate.api.guard import Access
from ergate.api.job_orders import Restart, cancel, retry
from ergate.api.names import JobId
from ergate.api.problems import Refused
from ergate.api.routing import Strict, declared, new_router
from ergate.api.shapes import BulkDone
from ergate.contracts.state_store import JobFilter
from ergate.errors import NotFoundError, UsageError
from ergate.jobs.status import JobStatus

router = new_router("jobs")

CANCELLABLE = (JobStatus.SCHEDULED, JobStatus.QUEUED, JobStatus.RUNNING)
RETRIABLE = (JobStatus.FAILED, JobStatus.ABORTED, JobStatus.CANCELLED)
"""Completed jobs are restarted one by one: they must be told from which step."""


class Selection(Strict):
    """Either ids, or a filter with the number of jobs that the caller saw it match."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"matching": {"queue": "mails"}, "expected": 3}]}
    )

    ids: Annotated[list[JobId], Field(min_length=1, max_length=MAX_BULK_IDS)] | None = None
    matching: Matching | None = None
    expected: int | None = Field(default=None, ge=0, le=MAX_BULK_MATCHES)

    @model_validator(mode="after")
    def _either(self) -> Selection:
        if (self.ids is None) == (self.matching is None):
            raise ValueError("give either ids or matching")
        if (self.matching is None) != (self.expected is None):
            raise ValueError("matching goes together with expected, the number of jobs")
        return self


@router.post("/bulk/cancel", operation_id="cancelJobs", **declared(Access.WRITE, answer=BulkDone))
async def cancel_jobs(desk: AskedDesk, selection: Selection) -> JsonAnswer:
    """Cancel many jobs; one that cannot be cancelled is told of, and the others are all the same.

    With a filter only jobs that have not ended count.
    """
    order = partial(cancel, desk.place)
    return JsonAnswer(await desk.order(_do, desk.place, selection, CANCELLABLE, order))


@router.post("/bulk/retry", operation_id="retryJobs", **declared(Access.WRITE, answer=BulkDone))
async def retry_jobs(desk: AskedDesk, selection: Selection) -> JsonAnswer:
    """Let many ended jobs run again, each from the step at which it stopped.

    With a filter only failed, aborted and cancelled jobs count.
    """
    order = partial(retry, desk.place, restart=Restart())
    return JsonAnswer(await desk.order(_do, desk.place, selection, RETRIABLE, order))


def _do(
    place: Place,
    selection: Selection,
    statuses: Iterable[JobStatus],
    order: Callable[[str], object],
) -> dict[str, object]:
    place.check_orders()
    done: list[str] = []
    problems: list[dict[str, str]] = []
    for job_id in _chosen(place, selection, statuses):
        try:
            order(job_id)
            done.append(job_id)
        except (UsageError, NotFoundError) as exc:
            problems.append({"id": job_id, "problem": str(exc)})
    return {"done": done, "problems": problems}


def _chosen(place: Place, selection: Selection, statuses: Iterable[JobStatus]) -> list[str]:
    if selection.ids is not None:
        return list(dict.fromkeys(selection.ids))
    assert selection.matching is not None
    which = selection.matching.job_filter(place.clock)
    parts = [replace(which, status=one) for one in statuses if which.status in (None, one)]
    store = place.broker.store
    number = sum(sum(store.count(part).values()) for part in parts)
    if number != selection.expected:
        raise Refused(
            409,
            f"{number} jobs match, not {selection.expected}; nothing was changed.",
            next_step="Look again, and confirm the new number.",
        )
    return [job_id for part in parts for job_id in _ids(place, part)]


def _ids(place: Place, which: JobFilter) -> list[str]:
    """Return all ids first: what is changed no longer matches, and would shift the pages."""
    found: list[str] = []
    while len(found) < MAX_BULK_MATCHES:
        page = place.broker.store.list(which, limit=MAX_PAGE, offset=len(found))
        found += [record.id for record in page]
        if len(page) < MAX_PAGE:
            break
    return found
