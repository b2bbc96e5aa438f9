"""`/healthcheck`: whether the process answers."""

from __future__ import annotations

from starlette.responses import Response

from ergate.api.guard import Access
from ergate.api.routing import declared, new_router

router = new_router("health", prefix="")


@router.get("/healthcheck", operation_id="checkHealth", **declared(Access.PUBLIC, status=204))
async def check_health() -> Response:
    """Answer without looking at the store, so that a store that is down restarts no server."""
    return Response(status_code=204)
