"""`/api/v1/services`: services with how they do."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from ergate.api import registering
from ergate.api.answers import JsonAnswer
from ergate.api.declared_shapes import Pinged, RegisteredService, ServiceWithHealth
from ergate.api.desk import AskedDesk
from ergate.api.examples import SERVICE
from ergate.api.guard import Access
from ergate.api.json_documents import json_body, read_document
from ergate.api.names import NameInPath
from ergate.api.routing import declared, new_router
from ergate.api.service_health import ServiceHealth

router = new_router("services")


@router.get(
    "/services",
    operation_id="listServices",
    **declared(Access.READ, 409, answer=list[ServiceWithHealth]),
)
async def list_services(request: Request, desk: AskedDesk) -> JsonAnswer:
    """List the services, by name, with what the newest 200 jobs met when they called them."""
    services = await desk.ask(registering.list_services, desk.place)
    health = _health(request)
    known = await health.documents() if services else {}
    for service in services:
        name = str(service["name"])
        service["health"] = known.get(name) or await health.document(name)
    return JsonAnswer(services)


@router.post(
    "/services",
    operation_id="registerService",
    **declared(
        Access.WRITE, answer=RegisteredService, status=201, told=json_body("Service", SERVICE)
    ),
)
async def register_service(request: Request, desk: AskedDesk) -> JsonAnswer:
    """Register a service, or replace the one of its name; a 409 names all that is wrong."""
    kept = await desk.ask(registering.register_service, desk.place, await read_document(request))
    headers = {"Location": f"/api/v1/services/{kept.service.name}"}
    return JsonAnswer(registering.registered_document(desk.place, kept), 201, headers)


@router.get(
    "/services/{name}",
    operation_id="showService",
    **declared(Access.READ, 404, 409, answer=ServiceWithHealth),
)
async def show_service(request: Request, desk: AskedDesk, name: NameInPath) -> JsonAnswer:
    """Return a service, by its name or its id, with how it does."""
    service = await desk.ask(registering.show_service, desk.place, name)
    health = await _health(request).document(str(service["name"]))
    return JsonAnswer(service | {"health": health})


@router.delete(
    "/services/{name}", operation_id="removeService", **declared(Access.WRITE, 404, status=204)
)
async def remove_service(desk: AskedDesk, name: NameInPath) -> Response:
    """Remove a service that no registered workflow calls."""
    await desk.ask(registering.remove_service, desk.place, name)
    return Response(status_code=204)


@router.post(
    "/services/{name}/ping",
    operation_id="pingService",
    **declared(Access.WRITE, 404, answer=Pinged),
)
async def ping_service(request: Request, name: NameInPath) -> JsonAnswer:
    """Ask whether anything answers where a service is; sends neither data nor secrets.

    Any answer counts, as most services know no HEAD. This server remembers what came of it.
    """
    return JsonAnswer(await _health(request).ping(name))


def _health(request: Request) -> ServiceHealth:
    health: ServiceHealth = request.app.state.service_health
    return health
