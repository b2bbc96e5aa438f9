"""What steps take and return, and where they lead, in words."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin

from ergate.workflows.step import WorkflowStep
from ergate.workflows.ways import Way
from ergate.workflows.workflow import Workflow


def target(workflow: Workflow, way: Way) -> str:
    """Return the name of the step that a way leads to, or "end"."""
    return "end" if way.target >= len(workflow) else workflow[way.target].name


def taken(step: WorkflowStep[..., Any]) -> str | None:
    """Return the step's input as `name: type`, or None when it takes none."""
    source = step.plan.input
    return None if source is None else f"{source.name}: {type_name(source.annotation)}"


def returned(step: WorkflowStep[..., Any]) -> str:
    """Return the type that the step returns."""
    return type_name(step.plan.return_annotation)


def type_name(annotation: object) -> str:
    """Return a type as people write it: `int`, `list[str]`, `Order`."""
    if annotation is None or annotation is type(None):
        return "None"
    if get_origin(annotation) is Annotated:
        return type_name(get_args(annotation)[0])
    plain = isinstance(annotation, type) and not getattr(annotation, "__args__", ())
    return annotation.__qualname__ if plain else str(annotation).replace("typing.", "")  # type: ignore[attr-defined]  # a plain type has one
