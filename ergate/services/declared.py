"""The declared workflows of a store, found by name and version, and compiled once each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ergate.contracts.capabilities import Capability
from ergate.contracts.definitions import StoredDefinition
from ergate.contracts.state_store import StateStore
from ergate.jobs.codec import Limits
from ergate.services.webhook import SigningKey
from ergate.services.webhooks import WEBHOOK
from ergate.workflows.registry import Registry
from ergate.workflows.workflow import Workflow

if TYPE_CHECKING:
    from ergate.services.calls import Calls
    from ergate.services.compiling import CallService
    from ergate.settings import Settings

KEPT = 200
"""So many compiled workflows are kept; one more makes the longest unused be forgotten."""
_VERSION_DIGITS = 64


class Declared:
    """Finds declared workflows for a `Registry`; safe to use from several threads.

    A job that has begun gets the very version that it began with, and a new one the current.
    """

    def __init__(
        self,
        store: StateStore,
        call: CallService,
        make_webhook: Callable[[], Workflow] | None = None,
    ) -> None:
        self._store = store
        self._call = call
        self._make_webhook = make_webhook
        self._webhook: Workflow | None = None
        self._compiled: OrderedDict[tuple[str, str], Workflow] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, name: str, version: str | None) -> Workflow | None:
        """Return the workflow as it was in `version`, or as it is now; None when it is not kept.

        A version that is no hash of a definition, as of an app's workflow, counts as none.
        Our own workflow of webhooks is found among them. Raises `BackendError`.
        """
        if name == WEBHOOK and self._make_webhook is not None:
            return self._own(self._make_webhook)
        exact = version if version is not None and len(version) == _VERSION_DIGITS else None
        known = self._known(name, exact)
        if known is not None:
            return known
        stored = self._store.definition("workflow", name, exact)
        return None if stored is None else self._workflow(stored)

    def names(self) -> list[str]:
        """Return the names of the declared workflows. Raises `BackendError`."""
        return [stored.name for stored in self._store.definitions("workflow")]

    def _own(self, make: Callable[[], Workflow]) -> Workflow:
        with self._lock:
            if self._webhook is None:
                self._webhook = make()
            return self._webhook

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

    calls = Calls(settings)
    return registry.beside(Declared(store, calls, partial(_webhook, store, calls, settings)))


def _webhook(store: StateStore, calls: Calls, settings: Settings) -> Workflow:
    from ergate.services.webhook_workflow import Webhook

    keys = [SigningKey.parse(text) for text in settings.signing_keys]
    limits = Limits(settings.max_payload_bytes, settings.max_payload_depth)
    return Webhook(store, calls.caller, keys, limits).workflow()
