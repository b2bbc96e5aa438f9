"""The workflows that an app knows, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ergate.errors import InvalidDefinitionError, UnknownWorkflowError, did_you_mean
from ergate.workflows.checks import faults_of
from ergate.workflows.workflow import Workflow

_collected: ContextVar[list[InvalidDefinitionError] | None] = ContextVar("faults", default=None)


@contextmanager
def collecting_faults() -> Iterator[list[InvalidDefinitionError]]:
    """Gather, within the block, the faults of workflows that register instead of raising them.

    An app registers while its module is imported, so that raising would hide all but the first.
    """
    faults: list[InvalidDefinitionError] = []
    token = _collected.set(faults)
    try:
        yield faults
    finally:
        _collected.reset(token)


class Registry:
    """Workflows by their unique names, each checked when it comes in."""

    def __init__(self) -> None:
        self._workflows: dict[str, Workflow] = {}

    def register(self, workflow: Workflow) -> None:
        """Check a workflow, keep it, and refuse further steps for it.

        Registering the same object again does nothing.
        Raises `InvalidDefinitionError` when the check fails or the name is taken.
        """
        if not isinstance(workflow, Workflow):
            raise InvalidDefinitionError(
                f"{workflow!r} is not a Workflow and cannot be registered."
            )
        known = self._workflows.get(workflow.unique_name)
        if known is workflow:
            return
        collected = _collected.get()
        for fault in self._faults(workflow, known):
            if collected is None:
                raise fault
            collected.append(fault)
        workflow.seal()
        self._workflows.setdefault(workflow.unique_name, workflow)

    @staticmethod
    def _faults(workflow: Workflow, known: Workflow | None) -> Iterator[InvalidDefinitionError]:
        if known is not None:
            yield InvalidDefinitionError(
                f"Another workflow named {workflow.unique_name!r} is already registered. "
                "Give one of the two another unique_name."
            )
        yield from faults_of(workflow)

    def get(self, name: str) -> Workflow:
        """Return the workflow with this name, or raise `UnknownWorkflowError`."""
        try:
            return self._workflows[name]
        except KeyError:
            known = ", ".join(sorted(self._workflows)) or "none"
            raise UnknownWorkflowError(
                f'No workflow "{name}" is registered.{did_you_mean(name, self._workflows)} '
                f"Registered: {known}."
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._workflows

    def __iter__(self) -> Iterator[Workflow]:
        return iter(self._workflows.values())

    def __len__(self) -> int:
        return len(self._workflows)
