"""The steps of one workflow with what they take, return and allow."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from ergate.display.escape import fit, safe
from ergate.display.figures import NOTHING, counted, span
from ergate.display.graph import Way, ways
from ergate.display.styles import QUIET
from ergate.display.tables import new_table
from ergate.workflows.step import WorkflowStep
from ergate.workflows.workflow import Workflow

_LONGEST = 120


def steps_table(workflow: Workflow) -> RenderableType:
    """Return the steps of a workflow, one in a line."""
    titles = (">#", "step", "takes*", "returns*", "leads to*", "attempts", "limit", "queue")
    table = new_table(*titles)
    out: dict[int, list[Way]] = {step.index: [] for step in workflow}
    for way in ways(workflow):
        out[way.start].append(way)
    for step in workflow:
        table.add_row(
            str(step.index),
            safe(step.name),
            Text(fit(taken(step) or NOTHING, _LONGEST)),
            Text(fit(returned(step), _LONGEST)),
            Text(fit(", ".join(target(workflow, way) for way in out[step.index]), _LONGEST)),
            Text(counted(step.retry.attempts, "time"), QUIET),
            Text(span(step.timeout_s), QUIET),
            safe(step.queue or NOTHING, QUIET),
        )
    return table


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
    plain = isinstance(annotation, type) and not getattr(annotation, "__args__", ())
    return annotation.__qualname__ if plain else str(annotation).replace("typing.", "")  # type: ignore[attr-defined]  # a plain type has one
