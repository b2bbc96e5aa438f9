"""The declared workflows of a store, found by name and version, and compiled once each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from ergate.contracts.capabilities import Capability
from ergate.contracts.definitions import StoredDefinition
from ergate.contracts.state_store import StateStore
from ergate.workflows.registry import Registry
from ergate.workflows.workflow import Workflow

if TYPE_CHECKING:
    from ergate.services.compiling import CallService
    from ergate.settings import Settings

KEPT = 200
"""So many compiled workflows are kept; one more makes the longest unused be forgotten."""
_VERSION_DIGITS = 64


class Declared:
    """Finds declared workflows for a `Registry`; safe to use from several threads.

    A job that has begun gets the very version that it began with, and a new one the current.
    """

    def __init__(self, store: StateStore, call: CallService) -> None:
        self._store = store
        self._call = call
        self._compiled: OrderedDict[tuple[str, str], Workflow] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, name: str, version: str | None) -> Workflow | None:
        """Return the workflow as it was in `version`, or as it is now; None when it is not kept.

        A version that is no hash of a definition, as of an app's workflow, counts as none.
        Raises `BackendError`.
        """
        exact = version if version is not None and len(version) == _VERSION_DIGITS else None
        known = self._known(name, exact)
        if known is not None:
            return known
        stored = self._store.definition("workflow", name, exact)
        return None if stored is None else self._workflow(stored)

    def names(self) -> list[str]:
        """Return the names of the declared workflows. Raises `BackendError`."""
        return [stored.name for stored in self._store.definitions("workflow")]

    def _known(self, name: str, version: str | None) -> Workflow | None:
        with self._lock:
            if version is None or (name, version) not in self._compiled:
                return None
            self._compiled.move_to_end((name, version))
            return self._compiled[name, version]

    def _workflow(self, stored: StoredDefinition) -> Workflow:
        known = self._known(stored.name, stored.version)
        if known is not None:
            return known
        workflow = _compile(stored, self._call)
        with self._lock:
            self._compiled[stored.name, stored.version] = workflow
            if len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        return workflow


def _compile(stored: StoredDefinition, call: CallService) -> Workflow:
    # Definitions are large classes, which a worker without declared workflows does not need.
    from ergate.services.compiling import compile_plan
    from ergate.services.stored import kept_workflow

    kept = kept_workflow(stored)
    workflow = compile_plan(kept.plan, kept.services, call, kept.version)
    workflow.seal()
    return workflow


def with_declared(registry: Registry, store: StateStore, settings: Settings) -> Registry:
    """Return a registry that finds the declared workflows of a store, too, if it keeps any.

    Raises `SettingsError` for settings with which no service could be called.
    """
    if Capability.DEFINITIONS not in store.capabilities:
        return registry
    from ergate.services.calls import Calls

    return registry.beside(Declared(store, Calls(settings)))
