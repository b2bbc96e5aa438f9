"""The services and workflows that are registered: what there is, and what may replace it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ergate.contracts.capabilities import Capability
from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate.contracts.state_store import StateStore
from ergate.errors import NotFoundError, Unsupported, UsageError, did_you_mean
from ergate.services.checking import check_definition, read_definition
from ergate.services.faults import DefinitionFaults, Fault
from ergate.services.own import OWN_PREFIX, is_own
from ergate.services.reading import read_service
from ergate.services.service import Service
from ergate.services.stored import (
    KeptService,
    KeptWorkflow,
    id_of,
    kept_service,
    kept_workflow,
)

K = TypeVar("K")


class UnknownDefinitionError(NotFoundError):
    """No service or workflow is registered under this name or id."""


class InUseError(UsageError):
    """A service cannot go or change so: registered workflows need it as it is."""


class Catalog:
    """Registers, finds and removes services and workflows in a state store.

    Every method reads or writes the store, and raises `BackendUnavailable`.
    `is_taken` tells names of workflows that an app declares itself.
    Raises `Unsupported` for a store that keeps no definitions.
    """

    def __init__(self, store: StateStore, is_taken: Callable[[str], bool] | None = None) -> None:
        if Capability.DEFINITIONS not in store.capabilities:
            raise Unsupported(
                "This state store keeps no definitions of services and workflows: it does not "
                "declare DEFINITIONS. Use sqlite, postgres or redis. See `ergate backends list`."
            )
        self._store = store
        self._is_taken = is_taken or (lambda _: False)

    # --- services -------------------------------------------------------------------------------

    def register_service(self, document: object) -> KeptService:
        """Register a service, or replace the one of its name in all that starts from now on.

        Registered workflows that call it get a new version with the new one; jobs that run keep
        the old. Whoever was cut off on the way registers it again. Raises `DefinitionFaults`, and
        `InUseError` when a workflow could not work with it.
        """
        kept = KeptService.of(read_service(document))
        dependents = self._dependents(kept.service)
        self._define(kept.stored())
        for workflow in dependents:
            self._define(workflow.stored())
        return self.service(kept.service.name)

    def service(self, name_or_id: str) -> KeptService:
        """Return a registered service. Raises `UnknownDefinitionError`."""
        return kept_service(self._find("service", name_or_id))

    def services(self) -> Sequence[KeptService]:
        """Return all registered services, by name."""
        return [kept_service(stored) for stored in self._store.definitions("service")]

    def remove_service(self, name_or_id: str) -> str:
        """Remove a service and return its name.

        Raises `UnknownDefinitionError`, and `InUseError` while workflows call it.
        """
        name = self._find("service", name_or_id).name
        users = [kept.definition.name for kept in self.workflows() if name in kept.plan.services]
        if users:
            raise InUseError(
                f'The service "{name}" is called by {_listed(users)}. Remove or change what '
                "calls it first."
            )
        self._undefine("service", name)
        return name

    # --- workflows ------------------------------------------------------------------------------

    def register_workflow(self, document: object) -> KeptWorkflow:
        """Register a definition, or replace the one of its name for all events from now on.

        Raises `DefinitionFaults` with everything that is wrong, and `UsageError` for a name that
        the app uses.
        """
        services = [kept.service for kept in self.services()]
        check_definition(document, services)
        definition = read_definition(document)
        self._check_name(definition.name)
        self._define(KeptWorkflow.of(definition, services).stored())
        return self.workflow(definition.name)

    def workflow(self, name_or_id: str) -> KeptWorkflow:
        """Return a registered definition. Raises `UnknownDefinitionError`."""
        return kept_workflow(self._find("workflow", name_or_id))

    def workflows(self) -> Sequence[KeptWorkflow]:
        """Return all registered definitions, by name."""
        return [kept_workflow(stored) for stored in self._store.definitions("workflow")]

    def remove_workflow(self, name_or_id: str) -> str:
        """Remove a definition and return its name; its jobs go on with the version they have.

        Raises `UnknownDefinitionError`.
        """
        name = self._find("workflow", name_or_id).name
        self._undefine("workflow", name)
        return name

    # --- how ------------------------------------------------------------------------------------

    def _dependents(self, service: Service) -> list[KeptWorkflow]:
        """Return the workflows that call a service, with the new one in place of the old."""
        others = [kept.service for kept in self.services() if kept.service.name != service.name]
        services = [*others, service]
        calling = [kept for kept in self.workflows() if service.name in kept.plan.services]
        faults = [fault for kept in calling for fault in _faults(kept, services)]
        if faults:
            raise InUseError(
                f'The service "{service.name}" cannot be replaced so, as registered workflows '
                "need it otherwise:\n" + "\n".join(f"  - {fault}" for fault in faults)
            )
        return [KeptWorkflow.of(kept.definition, services) for kept in calling]

    def _check_name(self, name: str) -> None:
        if is_own(name):
            raise DefinitionFaults(
                f'Workflow "{name}"', [Fault("name", f'begins with "{OWN_PREFIX}", as ours do.')]
            )
        if self._is_taken(name):
            raise UsageError(
                f'"{name}" is a workflow of the app, which a definition cannot replace. '
                "Give the definition another name."
            )

    def _find(self, kind: DefinitionKind, name_or_id: str) -> StoredDefinition:
        found = self._store.definition(kind, name_or_id)
        if found is not None:
            return found
        known = self._store.definitions(kind)
        for stored in known:
            if id_of(kind, stored.name) == name_or_id:
                return stored
        names = [stored.name for stored in known]
        raise UnknownDefinitionError(
            f'No {kind} "{name_or_id}" is registered.{did_you_mean(name_or_id, names)} '
            f"Registered: {', '.join(names) or 'none'}."
        )

    def _define(self, definition: StoredDefinition) -> None:
        """Keep a definition, unless it is the current one of its name already."""
        current = self._store.definition(definition.kind, definition.name)
        if current is None or current.version != definition.version:
            self._store.define(definition)

    def _undefine(self, kind: DefinitionKind, name: str) -> None:
        if not self._store.undefine(kind, name):
            raise UnknownDefinitionError(f'No {kind} "{name}" is registered any more.')


def _faults(kept: KeptWorkflow, services: Sequence[Service]) -> list[str]:
    try:
        check_definition(kept.definition, services)
    except DefinitionFaults as exc:
        return [f'workflow "{kept.definition.name}": {fault}' for fault in exc.faults]
    return []


def _listed(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return f"the workflow {quoted[0]}" if len(quoted) == 1 else f"workflows: {', '.join(quoted)}"
