"""What is checked about a whole workflow before a job may run through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Never, NoReturn

from ergate.errors import InvalidDefinitionError, UnknownStepError
from ergate.workflows.compatibility import mismatch
from ergate.workflows.paths import NOT_GIVEN, GoToEndPath, GoToStepPath, Graph
from ergate.workflows.step import WorkflowStep

if TYPE_CHECKING:
    from ergate.workflows.workflow import Workflow

Step = WorkflowStep[..., Any]
_RETURNS_NOTHING = (type(None), None, NoReturn, Never)


def check_workflow(workflow: Workflow) -> None:
    """Raise the first `InvalidDefinitionError` for what cannot work; see `Workflow.check`."""
    for fault in faults_of(workflow):
        raise fault


def faults_of(workflow: Workflow) -> Iterator[InvalidDefinitionError]:
    """Yield everything that cannot work in a workflow, each as the error that says so."""
    if not len(workflow):
        yield InvalidDefinitionError(
            f"Workflow {workflow.unique_name!r} has no steps. Add one with @workflow.step, and "
            "import the module that does so before registering."
        )
    faults = [
        *_each(lambda step: step.plan.complete(), workflow),
        *_each(lambda step: list(_successors(workflow, step)), workflow),
    ]
    yield from {str(fault): fault for fault in faults}.values()
    if not faults:
        yield from _each(lambda step: _check_values(workflow, step), workflow)


def _each(check: Callable[[Step], object], workflow: Workflow) -> Iterator[InvalidDefinitionError]:
    for step in workflow:
        try:
            check(step)
        except InvalidDefinitionError as exc:
            yield exc


def graph_of(workflow: Workflow) -> Graph:
    """Return where each step may lead; raises `InvalidDefinitionError` for an impossible path."""
    return Graph([sorted(set(_successors(workflow, step))) for step in workflow])


def _successors(workflow: Workflow, step: Step) -> Iterator[int]:
    if has_natural_next(step):
        yield step.index + 1
    for path in step.paths or ():
        if isinstance(path, GoToStepPath):
            yield _target(workflow, step, path).index
        elif isinstance(path, GoToEndPath):
            yield len(workflow)
        else:
            yield step.index + 1


def has_natural_next(step: Step) -> bool:
    """Whether the next step follows without being declared.

    It does without `paths`, and with a return type other than `None`: what returns a value
    returns it to somebody.
    """
    return step.paths is None or step.plan.return_annotation not in _RETURNS_NOTHING


def _target(workflow: Workflow, step: Step, path: GoToStepPath) -> Step:
    where = f'A path of step "{step.name}" of workflow {workflow.unique_name!r}'
    try:
        target = workflow.own(path.step)
    except UnknownStepError as exc:
        raise InvalidDefinitionError(f"{where} leads nowhere: {exc}") from exc
    if target.index <= step.index:
        raise InvalidDefinitionError(
            f'{where} leads to step "{target.name}", which is not ahead of it. '
            "A job only moves forward: declare the target after this step, or remove the path."
        )
    return target


def _check_values(workflow: Workflow, step: Step) -> None:
    returned = step.plan.return_annotation
    following = workflow.next_after(step.index)
    if following is not None and (step.index + 1) in workflow.graph.successors[step.index]:
        _check_hop(step, following, returned, "returns")
    for path in step.paths or ():
        if not isinstance(path, GoToStepPath):
            continue
        sent = path.retval
        if sent is NOT_GIVEN and returned is not type(None):
            sent = returned
        if sent is not NOT_GIVEN:
            _check_hop(step, _target(workflow, step, path), sent, "sends")


def _check_hop(step: Step, target: Step, sent: Any, verb: str) -> None:
    taken = target.plan.input
    problem = None if taken is None else mismatch(sent, taken)
    if problem is None or taken is None:
        return
    raise InvalidDefinitionError(
        f'Step "{step.name}" {verb} {problem.sent}, but step "{target.name}", which can follow '
        f"it, takes {problem.taken} as {taken.name!r}: {problem.reason}. "
        f'Change the return type of "{step.name}" or the type of {taken.name!r} in '
        f'"{target.name}" so that they fit{problem.hint}.'
    )
