"""`/api/v1/feeds`: who is told of every transition, and how far they are behind."""

from __future__ import annotations

from starlette.responses import Response

from ergate.api.answers import JsonAnswer
from ergate.api.desk import AskedDesk, Place
from ergate.api.guard import Access
from ergate.api.names import NameInPath, now
from ergate.api.routing import declared, new_router
from ergate.api.shapes import Feed
from ergate.documents.stored import feed_document
from ergate.errors import NotFoundError

router = new_router("feeds")


@router.get("/feeds", operation_id="listFeeds", **declared(Access.READ, 409, answer=list[Feed]))
async def list_feeds(desk: AskedDesk) -> JsonAnswer:
    """List feeds: how many events wait, since when, and whether somebody reads them."""
    found = await desk.ask(desk.place.broker.store.feeds)
    return JsonAnswer([feed_document(info, now()) for info in found])


@router.delete(
    "/feeds/{name:path}", operation_id="dropFeed", **declared(Access.WRITE, 404, status=204)
)
async def drop_feed(desk: AskedDesk, name: NameInPath) -> Response:
    """Forget a feed that nobody reads any more; what it has not told is never told."""
    await desk.ask(_drop, desk.place, name)
    return Response(status_code=204)


def _drop(place: Place, name: str) -> None:
    store = place.broker.store
    names = sorted(info.name for info in store.feeds())
    if name not in names:
        raise NotFoundError(f'There is no feed "{name}". Feeds: {", ".join(names) or "none"}.')
    store.drop_feed(name)
