"""`/e`: events, which are jobs as whoever sends them sees them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Path, Request
from starlette.responses import Response

from ergate.api.accepting import NewEvent
from ergate.api.answers import JsonAnswer
from ergate.api.declared_shapes import Event
from ergate.api.desk import AskedDesk, Place
from ergate.api.endings import Endings
from ergate.api.examples import EVENT
from ergate.api.filters import Matching, matching_of_query
from ergate.api.found import document_of, find_record, list_page
from ergate.api.guard import Access
from ergate.api.intake import Intake
from ergate.api.job_orders import cancel
from ergate.api.json_documents import json_body, read_document
from ergate.api.names import PageLimit, PageOffset
from ergate.api.preferences import preferences
from ergate.api.problems import Refused
from ergate.api.routing import declared, new_router
from ergate.api.shapes import Page
from ergate.documents.events import event_document, unfinished_event
from ergate.jobs.ids import MAX_BYTES
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus

router = new_router("events", prefix="")

MAX_KEY = 255
# Told and not declared: what FastAPI finds out anew for each request costs as much as the rest.
_TOLD: dict[str, Any] = json_body("EventBody", EVENT) | {
    "parameters": [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "description": "The name or the id of a workflow.",
            "schema": {"type": "string", "minLength": 1, "maxLength": MAX_BYTES},
            "example": "shout",
        },
        {
            "name": "Prefer",
            "in": "header",
            "description": "`respond-async` answers at once, `wait=N` waits N seconds for the end.",
            "schema": {"type": "string"},
            "example": "respond-async",
        },
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key again for a workflow is the same event, and no second.",
            "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
            "example": "order-7",
        },
    ]
}
_ID = "$response.body#/event_id"
_OF_EVENT = {
    "getEvent": {"id": _ID},
    "cancelEvent": {"id": _ID},
    "getJob": {"job_id": _ID},
    "retryJob": {"job_id": _ID},
}
AskedMatching = Annotated[Matching, Depends(matching_of_query)]
EventId = Annotated[
    str, Path(alias="id", min_length=1, max_length=MAX_BYTES, description="The event's id.")
]


@router.post(
    "/e/{id:path}",
    operation_id="sendEvent",
    **declared(
        Access.WRITE,
        404,
        answer=Event,
        status=201,
        more=(202,),
        told=_TOLD,
        links=_OF_EVENT,
    ),
)
async def send_event(request: Request) -> JsonAnswer:
    """Send an event: when this answers it is stored and will be worked on.

    It waits a few seconds for the end, so that the answer mostly has the outputs; one that failed
    meanwhile was accepted all the same. With `Prefer: respond-async` it answers 202 at once.
    """
    preferred = preferences(request.headers.getlist("prefer"))
    document = await read_document(request)
    event = NewEvent(
        _workflow(request),
        data_of(document),
        _key(request),
        int(request.headers.get("content-length") or 0),
        callback_url_of(document),
    )
    intake: Intake = request.app.state.intake
    endings: Endings = request.app.state.endings
    job = await intake.accept(event)
    desk = intake.desk
    bounds = desk.bounds
    limit_s = preferred.limit_s(bounds.event_wait_s, bounds.event_wait_most_s)
    job = await endings.wait(job, limit_s)
    status = 202 if preferred.respond_async and not job.status.is_final else 201
    headers = {"Location": f"/e/{quote(job.id, safe='')}"}
    if preferred.applied:
        headers["Preference-Applied"] = preferred.applied
    return JsonAnswer(_document(desk.place, job), status, headers)


def _document(place: Place, job: JobRecord) -> dict[str, object]:
    if job.status.is_final or job.error is not None:
        return event_document(document_of(place, job))
    return unfinished_event(job)


@router.get("/e", operation_id="listEvents", **declared(Access.READ, answer=Page[Event]))
async def list_events(
    desk: AskedDesk, matching: AskedMatching, limit: PageLimit = 100, offset: PageOffset = 0
) -> JsonAnswer:
    """List events, the newest first; every job is one."""
    which = matching.job_filter(desk.place.clock)
    page = await desk.ask(list_page, desk.place, which, limit, offset)
    return JsonAnswer(page.document() | {"items": [event_document(job) for job in page.items]})


@router.get("/e/{id:path}", operation_id="getEvent", **declared(Access.READ, 404, answer=Event))
async def get_event(desk: AskedDesk, event_id: EventId) -> JsonAnswer:
    """Return an event: its status, its outputs once it has completed, its error if it failed."""
    record = await desk.ask(find_record, desk.place, event_id)
    return JsonAnswer(_document(desk.place, record))


@router.delete(
    "/e/{id:path}", operation_id="cancelEvent", **declared(Access.WRITE, 404, status=204)
)
async def cancel_event(desk: AskedDesk, event_id: EventId) -> Response:
    """Cancel an event that has not ended; one that runs is cancelled when its step ends.

    An event that was cancelled before is so again. One that ended otherwise stays: 409.
    """
    await desk.ask(_cancel, desk.place, event_id)
    return Response(status_code=204)


def _cancel(place: Place, event_id: str) -> JobRecord:
    place.check_orders()
    record = find_record(place, event_id)
    if record.status is JobStatus.CANCELLED:
        return record
    return cancel(place, event_id)


def data_of(document: object) -> object:
    """Return the data of an event from its body: what stands under `data`, or the whole object.

    An object with `data`, and no other key but `callback_url`, always means what stands there,
    whatever the workflow takes: an input called so is sent as `{"data": {"data": …}}`.
    Raises `Refused`.
    """
    if not isinstance(document, dict):
        raise Refused(
            422,
            "The body is no object.",
            next_step='Send {"data": {…}} with the inputs of the workflow, or just the inputs.',
        )
    return document["data"] if _is_wrapped(document) else document


def callback_url_of(document: object) -> str | None:
    """Return who is to be told of an event's end: what stands beside its `data`, if anything.

    Raises `Refused`.
    """
    if not isinstance(document, dict) or not _is_wrapped(document):
        return None
    url = document.get("callback_url")
    if url is None or isinstance(url, str):
        return url
    raise Refused(422, "callback_url is no text.", next_step="Send a URL, or leave it out.")


def _is_wrapped(document: dict[str, object]) -> bool:
    return "data" in document and document.keys() <= {"data", "callback_url"}


def _workflow(request: Request) -> str:
    name: str = request.path_params["id"]
    if not 0 < len(name) <= MAX_BYTES:
        raise Refused(422, f"The name or id of a workflow has 1 to {MAX_BYTES} characters.")
    return name


def _key(request: Request) -> str | None:
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    key = keys[0].strip()
    if len(keys) > 1 or not key or len(key) > MAX_KEY:
        raise Refused(422, f"An Idempotency-Key is one text of 1 to {MAX_KEY} characters.")
    return key
