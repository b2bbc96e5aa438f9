"""Routes that cannot exist without a decision about who may use them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from ergate.api.answers import JsonAnswer
from ergate.api.guard import Access
from ergate.api.problems import TITLES

if TYPE_CHECKING:
    from ergate.api.guard import Guard

ACCESS = "x-access"
"""Where the OpenAPI document tells what a route asks of its callers."""
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ANYWHERE = {
    Access.PUBLIC: (400, 403),
    Access.READ: (400, 401, 403, 422, 503),
    Access.CAPABILITY: (400, 403, 404, 408, 409, 410, 413, 415, 422, 503),
    Access.WRITE: (400, 401, 403, 408, 409, 413, 415, 422, 503),
}


class GuardedRoute(APIRoute):
    """A route that asks the guard before it reads anything of the request."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        super().__init__(path, endpoint, **rest)
        self.access = Access((self.openapi_extra or {})[ACCESS])

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the guard before it."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            guard: Guard = request.app.state.guard
            guard.check(request, self.access)
            return await handle(request)

        return guarded


def new_router(tag: str, prefix: str = "/api/v1") -> APIRouter:
    """Return a router whose routes are guarded."""
    return APIRouter(
        prefix=prefix, route_class=GuardedRoute, tags=[tag], default_response_class=JsonAnswer
    )


def declared(
    access: Access,
    *errors: int,
    answer: Any = None,
    example: object = None,
    status: int = 200,
    media_type: str = "application/json",
    more: Sequence[int] = (),
    told: Mapping[str, Any] | None = None,
    links: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Return the arguments of a route: its access, its answer and every error it may answer.

    `answer` is the type of the JSON document, for the statuses in `more` too; None means that
    there is no body. `told` is what
    the OpenAPI document tells beside what FastAPI finds out. `links` name, by its operation id,
    what can be asked next, with its arguments as places in the answer.
    """
    wanted: dict[int | str, dict[str, Any]] = {
        code: {"description": TITLES[code], "content": _PROBLEM}
        for code in sorted({*errors, *_ANYWHERE[access]})
    }
    if answer is not None:
        for code in (status, *more):
            wanted[code] = {"model": answer, "description": "Done.", **_linked(links or {})}
        if example is not None:
            wanted[status]["content"] = {media_type: {"example": example}}
    security: list[Mapping[str, list[str]]] = [{"token": []}, {"session": []}]
    extra: dict[str, Any] = {ACCESS: access.value, **(told or {})}
    if access not in (Access.PUBLIC, Access.CAPABILITY):
        extra["security"] = security
    return {
        "openapi_extra": extra,
        "responses": wanted,
        "status_code": status,
        "response_model": None,
    }


def _linked(links: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    if not links:
        return {}
    named = {one: {"operationId": one, "parameters": dict(to)} for one, to in links.items()}
    return {"links": named}


class Strict(BaseModel):
    """A body in which nothing unknown may stand."""

    model_config = ConfigDict(extra="forbid")
