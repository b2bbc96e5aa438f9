"""Which workflows a message from elsewhere may name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ergate.contracts.capabilities import Capability
from ergate.contracts.state_store import StateStore
from ergate.workflows.registry import Registry

Check = Callable[[str], object]
"""Raises `UnknownWorkflowError` for the name of a workflow that nobody knows."""


def check_of(registry: Registry | None, store: StateStore) -> Check | None:
    """Return what tells the workflows of a registry, and those declared in a store, from others.

    Without a registry any may be named. The check raises `BackendUnavailable`, too.
    """
    if registry is None or Capability.DEFINITIONS not in store.capabilities:
        return None if registry is None else registry.get
    return partial(_check, registry, store)


def _check(registry: Registry, store: StateStore, name: str) -> None:
    if name not in registry and store.definition("workflow", name) is None:
        registry.get(name)
