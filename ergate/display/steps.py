"""The steps of one workflow with what they take, return and allow."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from ergate.display.escape import fit, safe
from ergate.display.figures import NOTHING, counted, span
from ergate.display.styles import QUIET
from ergate.display.tables import new_table
from ergate.documents.naming import returned, taken, target
from ergate.workflows.ways import Way, ways
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
