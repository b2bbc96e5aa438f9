"""`/api/v1/workflows`: what the app and the store have to run."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from ergate.api import registering
from ergate.api.answers import JsonAnswer
from ergate.api.declared_shapes import Durations, RegisteredWorkflow
from ergate.api.desk import AskedDesk
from ergate.api.examples import WORKFLOW
from ergate.api.guard import Access
from ergate.api.json_documents import json_body, read_document
from ergate.api.known_workflows import durations, list_known, show_known
from ergate.api.names import Name, NameInPath
from ergate.api.routing import declared, new_router
from ergate.api.shapes import WholeWorkflow, WorkflowShape

router = new_router("workflows")


@router.get(
    "/workflows",
    operation_id="listWorkflows",
    **declared(Access.READ, answer=list[WorkflowShape]),
)
async def list_workflows(desk: AskedDesk) -> JsonAnswer:
    """List workflows with their steps: those of the app, if there is one, and the declared ones."""
    return JsonAnswer(await desk.ask(list_known, desk.place))


@router.post(
    "/workflows",
    operation_id="registerWorkflow",
    **declared(
        Access.WRITE, answer=RegisteredWorkflow, status=201, told=json_body("Definition", WORKFLOW)
    ),
)
async def register_workflow(request: Request, desk: AskedDesk) -> JsonAnswer:
    """Register a definition, or replace the one of its name; a 409 names all that is wrong."""
    document = await read_document(request)
    kept = await desk.ask(registering.register_definition, desk.place, document)
    headers = {"Location": f"/api/v1/workflows/{kept.definition.name}"}
    return JsonAnswer(registering.registered_document(desk.place, kept), 201, headers)


# A name may hold slashes, so that the longer address comes first.
@router.get(
    "/workflows/{name:path}/durations",
    operation_id="showDurations",
    **declared(Access.READ, 404, answer=Durations),
)
async def show_durations(desk: AskedDesk, name: NameInPath) -> JsonAnswer:
    """Tell how long each step took and how often it failed, over the newest 50 jobs."""
    return JsonAnswer(await desk.ask(durations, desk.place, name))


@router.get(
    "/workflows/{name:path}",
    operation_id="getWorkflow",
    **declared(Access.READ, 404, answer=WholeWorkflow),
)
async def get_workflow(
    desk: AskedDesk,
    name: NameInPath,
    version: Annotated[
        Name | None, Query(description="Of a declared workflow: as it was, for the jobs of then.")
    ] = None,
) -> JsonAnswer:
    """Return a workflow with its steps, its ways, and the JSON Schema of its input.

    A declared one comes with its definition, the services that it calls, and its versions.
    """
    return JsonAnswer(await desk.ask(show_known, desk.place, name, version))


@router.delete(
    "/workflows/{name:path}",
    operation_id="removeWorkflow",
    **declared(Access.WRITE, 404, status=204),
)
async def remove_workflow(desk: AskedDesk, name: NameInPath) -> Response:
    """Remove a declared workflow; its jobs go on with the version that they have."""
    await desk.ask(registering.remove_definition, desk.place, name)
    return Response(status_code=204)
