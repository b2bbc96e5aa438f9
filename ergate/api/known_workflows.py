"""Workflows of the app and declared ones, as one list of documents."""

from __future__ import annotations

from pydantic.errors import PydanticInvalidForJsonSchema

from ergate.api.desk import Place
from ergate.api.step_times import Times, runs_of, times_by_step
from ergate.contracts.capabilities import Capability
from ergate.contracts.state_store import JobFilter
from ergate.documents.times import timestamp
from ergate.documents.workflows import graph_document, workflow_document
from ergate.services.stored import KeptWorkflow, document_of, kept_workflow
from ergate.workflows.workflow import Workflow

JOBS = 50
"""So many of the newest jobs tell how long steps take."""
VERSIONS = 20
"""So many versions of a declared workflow are listed."""


def list_known(place: Place) -> list[dict[str, object]]:
    """Return the documents of all workflows, by name."""
    own = {workflow.unique_name: _own(workflow) for workflow in place.registry or ()}
    return [document for _, document in sorted((_declared(place) | own).items())]


def _declared(place: Place) -> dict[str, dict[str, object]]:
    if Capability.DEFINITIONS not in place.broker.store.capabilities:
        return {}
    found: dict[str, dict[str, object]] = {}
    for kept in place.catalog.workflows():
        # By its version: a workflow that was compiled before costs no read of the store.
        workflow = place.known.get(kept.definition.name, kept.version)
        found[kept.definition.name] = _kept(workflow, kept)
    return found


def show_known(place: Place, name: str, version: str | None = None) -> dict[str, object]:
    """Return a workflow's whole document, a declared one as it was in `version`.

    Raises `UnknownWorkflowError`.
    """
    if place.registry is not None and place.registry.find(name) is not None:
        workflow = place.registry.get(name)
        return _own(workflow) | _whole(workflow)
    store = place.broker.store
    workflow = place.known.get(name, version)
    found = store.definition("workflow", name, workflow.fingerprint)
    if found is None:  # one of Ergate's own, which nobody registers
        return _own(workflow) | _whole(workflow)
    current = store.definition("workflow", name)
    kept = kept_workflow(found)
    return {
        **_kept(workflow, kept),
        **_whole(workflow),
        "definition": document_of(kept.definition),
        "services": [document_of(service) for service in kept.services],
        "versions": [
            {
                "version": one.version,
                "created_at": timestamp(one.created_at),
                "is_current": current is not None and one.version == current.version,
            }
            for one in store.versions("workflow", name, limit=VERSIONS)
        ],
    }


def durations(place: Place, name: str) -> dict[str, object]:
    """Return how long the steps of a workflow took. Raises `UnknownWorkflowError`."""
    workflow = place.known.get(name)
    store = place.broker.store
    jobs = store.list(JobFilter(workflow=name), limit=JOBS)
    times = dict(times_by_step(runs_of(store, [job.id for job in jobs])))
    present = [step.name for step in workflow]
    # Jobs of other versions may have run steps that the present one does not have.
    names = present + sorted(times.keys() - set(present))
    steps = [{"step": step, **times.get(step, Times()).document()} for step in names]
    return {"workflow": name, "jobs": len(jobs), "steps": steps}


def _own(workflow: Workflow) -> dict[str, object]:
    more = {"declared": False, "version": workflow.fingerprint, "created_at": None}
    return workflow_document(workflow) | more


def _kept(workflow: Workflow, kept: KeptWorkflow) -> dict[str, object]:
    return {
        **workflow_document(workflow),
        "declared": True,
        "version": kept.version,
        "created_at": timestamp(kept.created_at),
        "description": kept.definition.description,
    }


def _whole(workflow: Workflow) -> dict[str, object]:
    ways = graph_document(workflow)["ways"]
    return {"ways": ways, "input_schema": input_schema(workflow)}


def input_schema(workflow: Workflow) -> dict[str, object] | None:
    """Return the JSON Schema of a workflow's input; None when it takes none.

    A type that JSON Schema cannot describe allows anything here; handing in a job checks it.
    """
    adapter = workflow[0].plan.input_adapter
    try:
        return None if adapter is None else adapter.json_schema()
    except PydanticInvalidForJsonSchema:
        return {}
