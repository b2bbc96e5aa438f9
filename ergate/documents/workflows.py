"""Workflows as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ergate.documents.naming import returned, taken, target
from ergate.workflows.ways import Way, ways

if TYPE_CHECKING:
    from ergate.workflows.step import WorkflowStep
    from ergate.workflows.workflow import Workflow


def workflow_document(workflow: Workflow) -> dict[str, object]:
    """Return a workflow with its steps."""
    out: dict[int, list[Way]] = {step.index: [] for step in workflow}
    for way in ways(workflow):
        out[way.start].append(way)
    return {
        "name": workflow.unique_name,
        "fingerprint": workflow.fingerprint,
        "steps": [_step(step, out[step.index]) for step in workflow],
    }


def graph_document(workflow: Workflow) -> dict[str, object]:
    """Return a workflow as nodes and ways; the end is null."""
    return {
        "name": workflow.unique_name,
        "steps": [step.name for step in workflow],
        "ways": [
            {"from": workflow[way.start].name, "to": _name(workflow, way), "kind": way.kind}
            for way in ways(workflow)
        ],
    }


def _step(step: WorkflowStep[..., Any], out: list[Way]) -> dict[str, object]:
    return {
        "name": step.name,
        "takes": taken(step),
        "returns": returned(step),
        "leads_to": [target(step.workflow, way) for way in out],
        "attempts": step.retry.attempts,
        "timeout_s": step.timeout_s,
        "queue": step.queue,
        "is_async": step.plan.is_async,
    }


def _name(workflow: Workflow, way: Way) -> str | None:
    return None if way.target >= len(workflow) else workflow[way.target].name
