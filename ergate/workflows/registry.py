"""The workflows that an app knows, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

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


class WorkflowSource(Protocol):
    """Where workflows are found that no module declares."""

    def find(self, name: str, version: str | None) -> Workflow | None:
        """Return the workflow of this name, as it was in `version` or as it is now; None without.

        Raises `BackendUnavailable` when that cannot be told now.
        """
        ...

    def names(self) -> Sequence[str]:
        """Return the names of all workflows that are found now. Raises `BackendUnavailable`."""
        ...


class Registry:
    """Workflows by their unique names, each checked when it comes in.

    Of two with one name the app's own counts, and not the one of `declared`.
    """

    def __init__(self, declared: WorkflowSource | None = None) -> None:
        self._workflows: dict[str, Workflow] = {}
        self._declared = declared

    def beside(self, declared: WorkflowSource) -> Registry:
        """Return a registry of the same workflows that finds the declared ones, too."""
        both = Registry(declared)
        both._workflows = self._workflows
        return both

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

    def find(self, name: str, version: str | None = None) -> Workflow | None:
        """Return the workflow with this name; None when there is none.

        `version` is the fingerprint that a job keeps: a declared workflow is found as it was then.
        """
        own = self._workflows.get(name)
        if own is not None or self._declared is None:
            return own
        return self._declared.find(name, version)

    def get(self, name: str, version: str | None = None) -> Workflow:
        """Return what `find` returns, or raise `UnknownWorkflowError`."""
        found = self.find(name, version)
        if found is not None:
            return found
        known = self.names()
        raise UnknownWorkflowError(
            f'No workflow "{name}" is registered.{did_you_mean(name, known)} '
            f"Registered: {', '.join(known) or 'none'}."
        )

    def names(self) -> list[str]:
        """Return the names of all workflows, the declared ones too. Raises `BackendUnavailable`."""
        declared = () if self._declared is None else self._declared.names()
        return sorted({*self._workflows, *declared})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def __iter__(self) -> Iterator[Workflow]:
        return iter(self._workflows.values())

    def __len__(self) -> int:
        return len(self._workflows)
