"""`/api/v1/jobs`: what became of jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from ergate.api.answers import JsonAnswer
from ergate.api.desk import AskedDesk, Place
from ergate.api.filters import Matching, matching_of_query
from ergate.api.found import document_of, find_record, list_page, search_page
from ergate.api.guard import Access
from ergate.api.names import JobIdInPath, PageLimit, PageOffset
from ergate.api.routing import declared, new_router
from ergate.api.shapes import Counts, History, Page
from ergate.documents.stored import history_document
from ergate.jobs.job import Job

router = new_router("jobs")
AskedMatching = Annotated[Matching, Depends(matching_of_query)]


@router.get("/jobs", operation_id="listJobs", **declared(Access.READ, answer=Page[Job]))
async def list_jobs(
    desk: AskedDesk,
    matching: AskedMatching,
    text: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="A text in the id, a value or the error."),
    ] = None,
    limit: PageLimit = 100,
    offset: PageOffset = 0,
) -> JsonAnswer:
    """List jobs, the newest first."""
    which = matching.job_filter(desk.place.clock)
    if text is None:
        page = await desk.ask(list_page, desk.place, which, limit, offset)
    else:
        page = await desk.ask(search_page, desk.place, which, text, limit, offset)
    return JsonAnswer(page.document())


@router.get("/counts", operation_id="countJobs", **declared(Access.READ, answer=Counts))
async def count_jobs(desk: AskedDesk, matching: AskedMatching) -> JsonAnswer:
    """Count jobs by status."""
    which = matching.job_filter(desk.place.clock)
    found = await desk.ask(desk.place.broker.store.count, which)
    counts = {str(status): number for status, number in found.items() if number}
    return JsonAnswer({"counts": counts, "total": sum(counts.values())})


# An id may hold slashes, so that the longer address comes first.
@router.get(
    "/jobs/{job_id:path}/history",
    operation_id="getHistory",
    **declared(Access.READ, 404, answer=list[History]),
)
async def get_history(desk: AskedDesk, job_id: JobIdInPath) -> JsonAnswer:
    """Tell every transition of a job, in order."""
    return JsonAnswer(await desk.ask(_history, desk.place, job_id))


@router.get("/jobs/{job_id:path}", operation_id="getJob", **declared(Access.READ, 404, answer=Job))
async def get_job(desk: AskedDesk, job_id: JobIdInPath) -> JsonAnswer:
    """Return a job as it is now."""
    record = await desk.ask(find_record, desk.place, job_id)
    return JsonAnswer(document_of(desk.place, record))


def _history(place: Place, job_id: str) -> list[dict[str, object]]:
    rows = place.broker.store.history(job_id)
    if not rows:
        find_record(place, job_id)
    return [history_document(row) for row in rows]
