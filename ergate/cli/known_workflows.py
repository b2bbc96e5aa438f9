"""The workflows that a command can show: the app's own, and those declared in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ergate.cli.printing import tell
from ergate.errors import BackendError, CorruptRecord, UsageError

if TYPE_CHECKING:
    from ergate.cli.place import Place
    from ergate.workflows.workflow import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorkflows:
    """Workflows by name, and what is wrong with declared ones that cannot be read."""

    workflows: dict[str, Workflow]
    declared: frozenset[str]
    faults: tuple[str, ...]

    def document(self, name: str) -> dict[str, object]:
        """Return a workflow as plain JSON values, with whether it is declared."""
        from ergate.documents.workflows import workflow_document

        return workflow_document(self.workflows[name]) | {"declared": name in self.declared}

    def get(self, name: str) -> Workflow:
        """Return a workflow; raises `UnknownWorkflowError` and `CorruptRecord`."""
        from ergate.errors import UnknownWorkflowError, did_you_mean

        if name in self.workflows:
            return self.workflows[name]
        known = sorted(self.workflows)
        raise UnknownWorkflowError(
            f'No workflow "{name}" is registered.{did_you_mean(name, known)} '
            f"Registered: {', '.join(known) or 'none'}."
        )


def known_workflows(place: Place) -> KnownWorkflows:
    """Return the workflows of the app and those declared in the store.

    Beside an app's the declared ones are left out when the store cannot be read, which is told.
    Without an app raises `LoadError` when none are declared, and `BackendError`.
    """
    own = {} if place.registry is None else {one.unique_name: one for one in place.registry}
    declared: dict[str, Workflow] = {}
    faults: list[str] = []
    try:
        declared, faults = _declared(place, own)
    except (BackendError, UsageError) as exc:
        if place.app is None:
            raise
        # What only the app's own process can see holds no declared workflows either.
        if type(exc) is not UsageError:
            tell(f"warning: declared workflows are left out. {exc}")
    if place.app is None and not declared and not faults:
        place.need_app()
    known = own | declared
    return KnownWorkflows(
        workflows={name: known[name] for name in sorted(known)},
        declared=frozenset(declared),
        faults=tuple(faults),
    )


def _declared(place: Place, own: dict[str, Workflow]) -> tuple[dict[str, Workflow], list[str]]:
    """Return the declared workflows whose names the app does not use, and what cannot be read."""
    found: dict[str, Workflow] = {}
    faults: list[str] = []
    with place.broker() as broker:
        known = place.known(broker)
        for name in known.names():
            if name in own:
                continue
            try:
                workflow = known.find(name)
            except CorruptRecord as exc:
                faults.append(str(exc))
                continue
            if workflow is not None:  # it may have been removed meanwhile
                found[name] = workflow
    return found, faults
