"""`/api/v1/workers`: who works, and on what."""

from __future__ import annotations

from ergate.api.answers import JsonAnswer
from ergate.api.desk import AskedDesk, Place
from ergate.api.guard import Access
from ergate.api.names import now
from ergate.api.routing import declared, new_router
from ergate.api.shapes import Worker
from ergate.documents.stored import worker_document

router = new_router("workers")


@router.get("/workers", operation_id="listWorkers", **declared(Access.READ, answer=list[Worker]))
async def list_workers(desk: AskedDesk) -> JsonAnswer:
    """List worker processes with their leases; an ended lease is a dead or frozen worker's."""
    return JsonAnswer(await desk.ask(worker_documents, desk.place))


def worker_documents(place: Place) -> list[dict[str, object]]:
    """Return the document of each worker."""
    store = place.broker.store
    return [worker_document(one, store.held(one.worker_id), now()) for one in store.workers()]
