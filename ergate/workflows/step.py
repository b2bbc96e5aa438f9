"""One step of a workflow: a function, and how it is to be run."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from ergate.errors import InvalidDefinitionError
from ergate.injection.plan import Plan, build_plan
from ergate.injection.signature import UnresolvedAnnotation
from ergate.jobs.retry import NO_RETRY, Retry
from ergate.workflows.names import check_name
from ergate.workflows.paths import GoToEndPath, GoToStepPath, NextStepPath, Path

if TYPE_CHECKING:
    from ergate.workflows.workflow import Workflow

P = ParamSpec("P")
R = TypeVar("R")


class WorkflowStep(Generic[P, R]):
    """A typed function as one step of a workflow; it can still be called as that function.

    `index` is its position in the workflow, from 0. `timeout_s` is how long one run may take,
    in seconds, and `None` means as long as it likes. `queue` is where the step waits to be
    picked up, and `None` means in the job's own queue. `paths` is `None` when none were declared.
    """

    __name__: str

    def __init__(
        self,
        function: Callable[P, R],
        *,
        workflow: Workflow,
        index: int,
        name: str | None = None,
        paths: Sequence[Path] | None = None,
        retry: Retry = NO_RETRY,
        timeout_s: float | None = None,
        queue: str | None = None,
        localns: Mapping[str, object] | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function: Callable[P, R] = function
        self.workflow = workflow
        self.index = index
        self.name = check_name(_name_of(function) if name is None else name, "step")
        self.paths = _checked_paths(paths, self.name)
        self.retry = _checked_retry(retry, self.name)
        self.timeout_s = _checked_timeout(timeout_s, self.name)
        self.queue = None if queue is None else check_name(queue, "queue")
        self._localns = localns
        self._plan: Plan | None = None
        # The name may be defined further down; registration looks again and tells.
        with contextlib.suppress(UnresolvedAnnotation):
            self._plan = self._new_plan()

    @property
    def plan(self) -> Plan:
        """How the step gets its arguments.

        Raises `InvalidDefinitionError` while an annotation names what cannot be found.
        """
        if self._plan is None:
            self._plan = self._new_plan()
        return self._plan

    def overridden(
        self, overrides: Mapping[Callable[..., object], Callable[..., object]]
    ) -> WorkflowStep[P, R]:
        """Return a copy of the step in which some dependencies stand in for others.

        Raises `InvalidDefinitionError` when one of them cannot be a dependency as it is written.
        """
        plan = build_plan(self.function, localns=self._localns, name=self.name, overrides=overrides)
        twin = copy(self)
        twin._plan = plan  # noqa: SLF001  # of our own class
        return twin

    def _new_plan(self) -> Plan:
        return build_plan(self.function, localns=self._localns, name=self.name)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, outside of any job."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<WorkflowStep {self.name!r}, number {self.index} of {self.workflow.unique_name!r}>"


def _name_of(function: Callable[..., object]) -> str:
    return str(getattr(function, "__name__", ""))


def _checked_paths(paths: object, step: str) -> tuple[Path, ...] | None:
    if paths is None:
        return None
    if not isinstance(paths, list | tuple):
        raise _wrong_path(step, paths)
    for path in paths:
        if not isinstance(path, GoToStepPath | GoToEndPath | NextStepPath):
            raise _wrong_path(step, path)
    return tuple(paths)


def _wrong_path(step: str, wrong: object) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f'paths= of step "{step}" has {wrong!r}. It takes a list of GoToStepPath(...), '
        "GoToEndPath() and NextStepPath()."
    )


def _checked_retry(retry: object, step: str) -> Retry:
    if not isinstance(retry, Retry):
        raise InvalidDefinitionError(
            f'retry= of step "{step}" is {retry!r}. Write for example retry=Retry(attempts=3).'
        )
    return retry


def _checked_timeout(timeout_s: object, step: str) -> float | None:
    if timeout_s is None:
        return None
    is_truth = isinstance(timeout_s, bool)
    if is_truth or not isinstance(timeout_s, int | float) or not 0 < timeout_s < math.inf:
        raise InvalidDefinitionError(
            f'timeout_s={timeout_s!r} of step "{step}" cannot work: it is a number of seconds '
            "greater than 0. Leave it out for no limit."
        )
    return timeout_s
