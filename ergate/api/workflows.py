"""`/api/v1/workflows`: what the app can run."""

from __future__ import annotations

from pydantic.errors import PydanticInvalidForJsonSchema

from ergate.api.answers import JsonAnswer
from ergate.api.desk import AskedDesk
from ergate.api.guard import Access
from ergate.api.names import NameInPath
from ergate.api.routing import declared, new_router
from ergate.api.shapes import WholeWorkflow, WorkflowShape
from ergate.documents.workflows import graph_document, workflow_document
from ergate.workflows.workflow import Workflow

router = new_router("workflows")


@router.get(
    "/workflows",
    operation_id="listWorkflows",
    **declared(Access.READ, answer=list[WorkflowShape]),
)
async def list_workflows(desk: AskedDesk) -> JsonAnswer:
    """List the app's workflows with their steps; without an app there are none."""
    known = sorted(desk.place.registry or (), key=lambda one: one.unique_name)
    return JsonAnswer([workflow_document(workflow) for workflow in known])


@router.get(
    "/workflows/{name:path}",
    operation_id="getWorkflow",
    **declared(Access.READ, 404, answer=WholeWorkflow),
)
async def get_workflow(desk: AskedDesk, name: NameInPath) -> JsonAnswer:
    """Return a workflow with its steps, its ways, and the JSON Schema of its input."""
    workflow = await desk.ask(desk.place.known.get, name)
    ways = graph_document(workflow)["ways"]
    schema = {"input_schema": input_schema(workflow)}
    return JsonAnswer(workflow_document(workflow) | {"ways": ways} | schema)


def input_schema(workflow: Workflow) -> dict[str, object] | None:
    """Return the JSON Schema of a workflow's input; None when it takes none.

    A type that JSON Schema cannot describe allows anything here; handing in a job checks it.
    """
    adapter = workflow[0].plan.input_adapter
    try:
        return None if adapter is None else adapter.json_schema()
    except PydanticInvalidForJsonSchema:
        return {}
