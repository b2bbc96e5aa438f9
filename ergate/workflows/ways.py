"""The ways from step to step of a workflow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ergate.workflows.checks import has_natural_next
from ergate.workflows.paths import GoToEndPath, GoToStepPath
from ergate.workflows.workflow import Workflow

Kind = Literal["next", "goto", "end"]


@dataclass(frozen=True, slots=True)
class Way:
    """From one position to a later one; the position behind the last step is the end."""

    start: int
    target: int
    kind: Kind
    """`next` follows by returning, `goto` and `end` by raising `GoToStep` and `GoToEnd`."""


def ways(workflow: Workflow) -> Iterator[Way]:
    """Yield every way, by start and target; two of the same start and target only once.

    Raises `InvalidDefinitionError` for a declared path that cannot be.
    """
    size = len(workflow)
    for step in workflow:
        is_next = has_natural_next(step)
        paths = step.paths or ()
        ends = any(isinstance(path, GoToEndPath) for path in paths)
        jumps = {workflow.own(p.step).index for p in paths if isinstance(p, GoToStepPath)}
        for target in workflow.graph.successors[step.index]:
            if target == size and ends:
                yield Way(step.index, target, "end")
            elif target in jumps and not (is_next and target == step.index + 1):
                yield Way(step.index, target, "goto")
            else:
                yield Way(step.index, target, "next")
