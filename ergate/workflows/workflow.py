"""A workflow: a unique name and an ordered list of steps."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, ParamSpec, TypeVar, overload

from ergate.errors import (
    InvalidDefinitionError,
    ReverseGoToError,
    UnknownStepError,
    did_you_mean,
)
from ergate.jobs.retry import NO_RETRY, Retry
from ergate.workflows.checks import check_workflow, graph_of
from ergate.workflows.control import GoToStep
from ergate.workflows.names import check_name
from ergate.workflows.paths import Graph, Path
from ergate.workflows.step import WorkflowStep

P = ParamSpec("P")
R = TypeVar("R")
Step = WorkflowStep[..., Any]


class Workflow:
    """A unique name and an ordered list of steps, each of which is one hop through the queue.

    Steps are added with `@workflow.step`, in the order in which they run.
    `version` is kept by jobs in place of a hash of the names of the steps.
    Raises `InvalidDefinitionError` for a name that cannot be one.
    """

    def __init__(self, unique_name: str, *, version: str | None = None) -> None:
        self.unique_name = check_name(unique_name, "workflow")
        self.version = version
        self._steps: list[Step] = []
        self._by_name: dict[str, Step] = {}
        self._graph: Graph | None = None
        self._fingerprint: str | None = None
        self._is_sealed = False

    @overload
    def step(self, function: Callable[P, R], /) -> WorkflowStep[P, R]: ...

    @overload
    def step(
        self,
        /,
        *,
        paths: Sequence[Path] | None = None,
        retry: Retry = NO_RETRY,
        timeout_s: float | None = None,
        queue: str | None = None,
        name: str | None = None,
    ) -> Callable[[Callable[P, R]], WorkflowStep[P, R]]: ...

    def step(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        paths: Sequence[Path] | None = None,
        retry: Retry = NO_RETRY,
        timeout_s: float | None = None,
        queue: str | None = None,
        name: str | None = None,
    ) -> Any:
        """Add a function as the next step: `@workflow.step` or `@workflow.step(retry=…)`.

        `paths` tells where the step may lead other than to the next one, `retry` when it may be
        tried again, `timeout_s` how many seconds a run may take, `queue` where it waits, and
        `name` what it is called other than the function.
        Raises `InvalidDefinitionError` when the function cannot be a step as it is written.
        """
        frame = sys._getframe(1)  # noqa: SLF001  # the decorator's own names are there

        def add(target: Callable[..., Any]) -> Step:
            return self._add(
                target, frame, name=name, paths=paths, retry=retry, timeout_s=timeout_s, queue=queue
            )

        return add if function is None else add(function)

    def _add(self, target: Callable[..., Any], frame: FrameType, **options: Any) -> Step:
        if isinstance(target, WorkflowStep):  # one function may be a step of several workflows
            target = target.function
        if not callable(target):
            raise InvalidDefinitionError(
                f"A step of workflow {self.unique_name!r} must be a function, not {target!r}."
            )
        step: Step = WorkflowStep(
            target, workflow=self, index=len(self), localns=_names_around(frame), **options
        )
        self._refuse_late(step)
        self._refuse_double(step)
        self._steps.append(step)
        self._by_name[step.name] = step
        self._graph = self._fingerprint = None
        return step

    def _refuse_late(self, step: Step) -> None:
        if self._is_sealed:
            raise InvalidDefinitionError(
                f'Step "{step.name}" comes too late: workflow {self.unique_name!r} is already '
                "registered. Import the module that declares the step before registering."
            )

    def _refuse_double(self, step: Step) -> None:
        if step.name in self._by_name:
            raise InvalidDefinitionError(
                f'Workflow {self.unique_name!r} already has a step named "{step.name}". '
                'Give one of the two another name: @workflow.step(name="…").'
            )

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, step: object) -> bool:
        return step in self._by_name if isinstance(step, str) else step in self._steps

    def __getitem__(self, key: int | str) -> Step:
        """Return a step by position or name; raises `UnknownStepError`."""
        if isinstance(key, str):
            if key in self._by_name:
                return self._by_name[key]
            raise UnknownStepError(
                f'Workflow {self.unique_name!r} has no step "{key}".'
                f"{did_you_mean(key, self._by_name)} Its steps: {', '.join(self._by_name)}."
            )
        if not 0 <= key < len(self):
            raise UnknownStepError(
                f"Workflow {self.unique_name!r} has no step number {key}; "
                f"it has {len(self)}, counted from 0."
            )
        return self._steps[key]

    def __repr__(self) -> str:
        return f"<Workflow {self.unique_name!r}: {', '.join(self._by_name)}>"

    @property
    def fingerprint(self) -> str:
        """The version, else a short hash of the ordered step names; equal in every process."""
        if self.version is not None:
            return self.version
        if self._fingerprint is None:
            names = json.dumps([step.name for step in self])
            self._fingerprint = hashlib.blake2b(names.encode(), digest_size=8).hexdigest()
        return self._fingerprint

    @property
    def graph(self) -> Graph:
        """Where each step may lead; raises `InvalidDefinitionError` for a path that cannot be."""
        if self._graph is None:
            self._graph = graph_of(self)
        return self._graph

    def next_after(self, index: int) -> Step | None:
        """Return the step that follows when step `index` returns; `None` after the last."""
        return self._steps[index + 1] if index + 1 < len(self) else None

    def progress(
        self, steps_completed: int, next_index: int | None, *, so_far: float = 0.0
    ) -> float:
        """Return the percentage that is done, before step `next_index` runs.

        `None` and the position behind the last step stand for the end, which is exactly 100.0.
        It does not fall while a job follows its declared paths; for a job that leaves them
        `so_far`, its percentage until now, is the least that is returned.
        """
        if next_index is None or next_index >= len(self):
            return 100.0
        ahead = self.graph.longest_from(next_index)
        return max(so_far, 100.0 * steps_completed / (steps_completed + ahead))

    def restarts_from(self, step: str) -> str:
        """Return the name of the step with which a job that stopped at `step` begins anew."""
        return step

    def resolve_goto(self, from_index: int, goto: GoToStep) -> Step:
        """Return the step that a `GoToStep` raised by step `from_index` leads to.

        Raises `ReverseGoToError` when it does not stand behind that step, and
        `UnknownStepError` when it is no step of this workflow.
        """
        target = self.own(goto.step)
        if target.index <= from_index:
            raise ReverseGoToError(
                f'Step "{self[from_index].name}" of workflow {self.unique_name!r} wants to go to '
                f'step "{target.name}", which is not ahead of it. A job only moves forward.'
            )
        return target

    def own(self, step: Step | str) -> Step:
        """Return a step of this workflow, given itself or its name.

        Raises `UnknownStepError` for a name it does not have and for a step of another workflow.
        """
        if isinstance(step, str) or not isinstance(step, WorkflowStep):
            return self[str(step)]
        if step.workflow is not self:
            raise UnknownStepError(
                f'Step "{step.name}" belongs to workflow {step.workflow.unique_name!r}, '
                f"not to {self.unique_name!r}."
            )
        return step

    def check(self) -> None:
        """Check everything that is known before a job runs.

        Raises `InvalidDefinitionError` when there are no steps, an annotation cannot be
        resolved, a declared path leads to no step or backwards, or what a step returns does
        not fit the input of a step that it can reach.
        """
        check_workflow(self)

    def seal(self) -> None:
        """Refuse further steps from now on; called when the workflow is registered."""
        self._is_sealed = True


def _names_around(frame: FrameType) -> Mapping[str, object] | None:
    """Return the names of the function around the decorator; a module's are found without."""
    return None if frame.f_locals is frame.f_globals else frame.f_locals
