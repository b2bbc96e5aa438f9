"""The workflows that an app knows, by name."""

from __future__ import annotations

from collections.abc import Iterator

from ergate.errors import InvalidDefinitionError, UnknownWorkflowError, did_you_mean
from ergate.workflows.workflow import Workflow


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
        if known is not None:
            raise InvalidDefinitionError(
                f"Another workflow named {workflow.unique_name!r} is already registered. "
                "Give one of the two another unique_name."
            )
        workflow.check()
        workflow.seal()
        self._workflows[workflow.unique_name] = workflow

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
