"""`/s` and `/w`: services and definitions at the addresses that are short to type."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from ergate.api import registering
from ergate.api.answers import JsonAnswer
from ergate.api.bounds import MAX_NAME
from ergate.api.declared_shapes import (
    DefinitionShown,
    RegisteredService,
    RegisteredWorkflow,
    ServiceShown,
)
from ergate.api.desk import AskedDesk
from ergate.api.examples import SERVICE, WORKFLOW
from ergate.api.guard import Access
from ergate.api.json_documents import json_body, read_document
from ergate.api.routing import declared, new_router

router = new_router("definitions", prefix="")

_NAME = "$response.body#/name"
_OF_SERVICE = {
    one: {"name": _NAME} for one in ("getService", "showService", "pingService", "deleteService")
}
_OF_WORKFLOW = {
    "sendEvent": {"id": _NAME},
    "getDefinition": {"name": _NAME},
    "getWorkflow": {"name": _NAME},
    "showDurations": {"name": _NAME},
    "deleteDefinition": {"name": _NAME},
}
NameOrId = Annotated[str, Path(min_length=1, max_length=MAX_NAME, description="Its name or id.")]


@router.post(
    "/s",
    operation_id="postService",
    **declared(
        Access.WRITE,
        answer=RegisteredService,
        status=201,
        told=json_body("Service", SERVICE),
        links=_OF_SERVICE,
    ),
)
async def post_service(request: Request, desk: AskedDesk) -> JsonAnswer:
    """Register a service, or replace the one of its name; a 409 names all that is wrong."""
    kept = await desk.ask(registering.register_service, desk.place, await read_document(request))
    headers = {"Location": f"/s/{kept.service.name}"}
    return JsonAnswer(registering.registered_document(desk.place, kept), 201, headers)


@router.get(
    "/s", operation_id="getServices", **declared(Access.READ, 409, answer=list[ServiceShown])
)
async def get_services(desk: AskedDesk) -> JsonAnswer:
    """List the registered services, by name."""
    return JsonAnswer(await desk.ask(registering.list_services, desk.place))


@router.get(
    "/s/{name}", operation_id="getService", **declared(Access.READ, 404, 409, answer=ServiceShown)
)
async def get_service(desk: AskedDesk, name: NameOrId) -> JsonAnswer:
    """Return a service as it was written, with its id and its version."""
    return JsonAnswer(await desk.ask(registering.show_service, desk.place, name))


@router.delete("/s/{name}", operation_id="deleteService", **declared(Access.WRITE, 404, status=204))
async def delete_service(desk: AskedDesk, name: NameOrId) -> Response:
    """Remove a service that no registered workflow calls."""
    await desk.ask(registering.remove_service, desk.place, name)
    return Response(status_code=204)


@router.post(
    "/w",
    operation_id="postWorkflow",
    **declared(
        Access.WRITE,
        answer=RegisteredWorkflow,
        status=201,
        told=json_body("Definition", WORKFLOW),
        links=_OF_WORKFLOW,
    ),
)
async def post_workflow(request: Request, desk: AskedDesk) -> JsonAnswer:
    """Register a definition, or replace the one of its name; a 409 names all that is wrong."""
    document = await read_document(request)
    kept = await desk.ask(registering.register_definition, desk.place, document)
    headers = {"Location": f"/w/{kept.definition.name}"}
    return JsonAnswer(registering.registered_document(desk.place, kept), 201, headers)


@router.get(
    "/w", operation_id="getDefinitions", **declared(Access.READ, 409, answer=list[DefinitionShown])
)
async def get_definitions(desk: AskedDesk) -> JsonAnswer:
    """List the registered definitions, by name."""
    return JsonAnswer(await desk.ask(registering.list_definitions, desk.place))


@router.get(
    "/w/{name}",
    operation_id="getDefinition",
    **declared(Access.READ, 404, 409, answer=DefinitionShown),
)
async def get_definition(desk: AskedDesk, name: NameOrId) -> JsonAnswer:
    """Return a definition as it was written, with its id and its version."""
    return JsonAnswer(await desk.ask(registering.show_definition, desk.place, name))


@router.delete(
    "/w/{name}", operation_id="deleteDefinition", **declared(Access.WRITE, 404, status=204)
)
async def delete_definition(desk: AskedDesk, name: NameOrId) -> Response:
    """Remove a definition; its events go on with the version that they have."""
    await desk.ask(registering.remove_definition, desk.place, name)
    return Response(status_code=204)
