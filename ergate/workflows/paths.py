"""The ways that lead out of a step, and how many steps lie ahead on the longest of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ergate.workflows.step import WorkflowStep


class _NotGiven:
    """Stands for an argument that was left out, where `None` means something."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = _NotGiven()


@dataclass(frozen=True, slots=True)
class GoToStepPath:
    """The step may raise `GoToStep` to this later step.

    `retval` is the type of the value that it sends there, to be checked against the input of
    that step; when left out the step's return type counts.
    """

    step: WorkflowStep[..., Any] | str
    retval: Any = NOT_GIVEN

    @property
    def step_name(self) -> str:
        """The name of the step that the path leads to."""
        return self.step if isinstance(self.step, str) else self.step.name


@dataclass(frozen=True, slots=True)
class GoToEndPath:
    """The step may raise `GoToEnd`."""


@dataclass(frozen=True, slots=True)
class NextStepPath:
    """The step may return, so that the next step follows."""


Path = GoToStepPath | GoToEndPath | NextStepPath


class Graph:
    """The steps of a workflow by position, and where each may lead.

    `successors[i]` are the positions, all behind i, that step i may lead to; the position
    `len(successors)` is the end. Because every way leads forward, one pass from the last step
    to the first finds all longest paths, in time linear in the number of paths.
    """

    __slots__ = ("_longest", "successors")

    def __init__(self, successors: Sequence[Sequence[int]]) -> None:
        self.successors = tuple(tuple(positions) for positions in successors)
        size = len(self.successors)
        longest = [0] * (size + 1)
        for index in range(size - 1, -1, -1):
            longest[index] = 1 + max(
                (longest[after] for after in self.successors[index]), default=0
            )
        self._longest = tuple(longest)

    def longest_from(self, index: int) -> int:
        """Return the number of steps on the longest way from step `index` on, itself included.

        It is 0 at the end of the workflow.
        """
        return self._longest[index] if index < len(self._longest) else 0
