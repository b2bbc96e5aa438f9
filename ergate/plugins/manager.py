"""Finds plugins by their entry points and asks each for its backends.

A broken plugin is noted and stops nothing; `ergate doctor` shows the notes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

import pluggy

from ergate.contracts.backend import Backend
from ergate.plugins import hookspecs
from ergate.plugins.hookspecs import PROJECT
from ergate.plugins.registry import BackendRegistry

GROUP = "ergate"


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """A plugin that could not be used, and why; `error` keeps its traceback."""

    distribution: str
    entry_point: str
    error: BaseException

    def __str__(self) -> str:
        kind = type(self.error).__name__
        return (
            f'The plugin "{self.entry_point}" of the distribution "{self.distribution}" '
            f"was left out: {kind}: {self.error}"
        )


@dataclass(frozen=True, slots=True)
class Plugins:
    """What loading gave: the backends, and the plugins that failed."""

    registry: BackendRegistry
    problems: tuple[PluginProblem, ...] = ()


@functools.cache
def installed_plugins() -> Plugins:
    """Return the installed plugins, loaded once per process."""
    return load_plugins(entry_points(group=GROUP))


def load_plugins(found: Iterable[EntryPoint]) -> Plugins:
    """Load entry points one by one and collect their backends; never raises for a broken one."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    registry = BackendRegistry()
    problems: list[PluginProblem] = []
    for entry_point in _unique(found):
        distribution = _distribution_of(entry_point)
        try:
            backends = _backends_of(manager, entry_point)
        # Anything: also a module that calls sys.exit() must not take the worker with it.
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - kept as a problem for doctor
            problems.append(PluginProblem(distribution, entry_point.name, exc))
            continue
        for backend in backends:
            registry.add(backend, distribution=distribution)
    return Plugins(registry, tuple(problems))


def _unique(found: Iterable[EntryPoint]) -> list[EntryPoint]:
    # An editable install beside a built one lists the same entry point twice.
    return list({(_distribution_of(one), one.name, one.value): one for one in found}.values())


def _distribution_of(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist is not None else "unknown"


def _backends_of(manager: pluggy.PluginManager, entry_point: EntryPoint) -> list[Backend]:
    plugin: object = entry_point.load()
    if manager.is_registered(plugin):
        return []
    others = manager.get_plugins()
    manager.register(plugin, name=f"{_distribution_of(entry_point)}:{entry_point.name}")
    try:
        manager.check_pending()
        backends: list[Backend] = []
        hook = manager.subset_hook_caller("ergate_register_backends", remove_plugins=others)
        hook(register=_checked(backends.append))
    except BaseException:
        # Left registered, its unknown hooks would be blamed on every plugin after it.
        manager.unregister(plugin)
        raise
    return backends


def _checked(append: Callable[[Backend], None]) -> Callable[[Backend], None]:
    def register(backend: Backend) -> None:
        if not isinstance(backend, Backend):
            raise TypeError(f"register() takes a Backend, not {type(backend).__name__}")
        append(backend)

    return register
