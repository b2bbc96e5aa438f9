"""From what a person wrote, a name or a URL, to the backend that serves it.

Plugins are loaded at the first question, so that `import ergate` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.errors import UnknownBackendError, Unsupported, did_you_mean
from ergate.plugins.official import OFFICIAL, OFFICIAL_NAMES, install_command

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate.contracts.journal import Journal, JournalKind
    from ergate.contracts.queue import Queue
    from ergate.contracts.state_store import StateStore
    from ergate.plugins.manager import Plugins

Role = Literal["queue", "state store", "journal"]


def resolve_backend(
    text: str | Address, role: Role, *, plugins: Plugins | None = None
) -> tuple[Backend, Address]:
    """Return the backend that serves an address in a role, without opening it.

    As a queue a backend qualifies also with its state store alone: its ready list is then the
    queue, which works when both addresses are the same. As a state store it qualifies also with a
    journal, which is one that can only be told.
    Raises `SettingsError` for what is no address, `UnknownBackendError` when no installed
    backend has the name or scheme, and `Unsupported` when it has one that lacks the role.
    """
    address = text if isinstance(text, Address) else Address.parse(text)
    plugins = plugins if plugins is not None else _installed()
    backend = plugins.registry.find(address.scheme)
    if backend is None:
        raise UnknownBackendError(_unknown(address, role, plugins))
    if not _serves(backend, role):
        raise Unsupported(_lacks_role(backend, address, role, plugins))
    return backend, address


def open_state_store(
    text: str | Address, clock: Clock, *, plugins: Plugins | None = None
) -> StateStore:
    """Open the state store at an address.

    Raises what `resolve_backend` raises, `Unsupported` also for a backend that has only a
    journal, `UnknownBackendError` when the client library is missing, and `BackendUnavailable`
    when the store does not answer.
    """
    backend, address = resolve_backend(text, "state store", plugins=plugins)
    if backend.open_store is None:
        raise Unsupported(
            f'"{address}" cannot tell which jobs are ready: the backend "{backend.name}" keeps a '
            "journal, which is only written and read. Name a full state store beside it."
        )
    try:
        return backend.open_store(address, clock)
    except ImportError as exc:
        raise UnknownBackendError(_client_missing(backend, address, "state store", exc)) from exc


def open_queue(text: str | Address, clock: Clock, *, plugins: Plugins | None = None) -> Queue:
    """Open the external queue at an address.

    Raises what `open_state_store` raises, and `Unsupported` when the backend has no queue apart
    from its state store.
    """
    backend, address = resolve_backend(text, "queue", plugins=plugins)
    if backend.open_queue is None:
        raise Unsupported(
            f'"{address}" is no queue apart from a state store: the backend "{backend.name}" lets '
            "jobs wait in its state store. Give the same address as the state store."
        )
    try:
        return backend.open_queue(address, clock)
    except ImportError as exc:
        raise UnknownBackendError(_client_missing(backend, address, "queue", exc)) from exc


def open_journal(
    text: str | Address, clock: Clock, kind: JournalKind, *, plugins: Plugins | None = None
) -> Journal:
    """Open the journal of a kind at an address; raises what `open_state_store` raises."""
    backend, address = resolve_backend(text, "journal", plugins=plugins)
    assert backend.open_journal is not None  # resolve_backend saw to it
    try:
        return backend.open_journal(address, clock, kind)
    except ImportError as exc:
        raise UnknownBackendError(_client_missing(backend, address, "journal", exc)) from exc


def _installed() -> Plugins:
    from ergate.plugins.manager import installed_plugins

    return installed_plugins()


def _serves(backend: Backend, role: Role) -> bool:
    if role == "journal":
        return backend.open_journal is not None
    other = backend.open_queue if role == "queue" else backend.open_journal
    return backend.open_store is not None or other is not None


def _unknown(address: Address, role: Role, plugins: Plugins) -> str:
    name = address.scheme
    start = f'No {role} for "{address}":'
    if name in OFFICIAL:
        return f"{start} {_not_installed(name, plugins)}"
    kind = "name" if address.is_bare else "scheme"
    names = sorted({*plugins.registry.names, *OFFICIAL_NAMES})
    near = did_you_mean(name, {*plugins.registry.names_and_schemes, *OFFICIAL})
    return (
        f'{start} unknown {kind} "{name}". Known: {", ".join(names)}.{near} '
        "See `ergate backends list`."
    )


def _not_installed(name: str, plugins: Plugins) -> str:
    """Tell apart a backend that is absent, lacks its client library, or is broken."""
    extra = OFFICIAL[name]
    problem = next((one for one in plugins.problems if one.entry_point in (name, extra)), None)
    install = (
        f"Run: {install_command(extra)}" if extra else "Run: pip install --force-reinstall ergate"
    )
    if problem is None:
        return f'the backend "{extra or name}" is not installed. {install}'
    if extra and isinstance(problem.error, ModuleNotFoundError):
        return f'its client library "{problem.error.name}" is not installed. {install}'
    return f"{problem} Run `ergate doctor` for the details."


def _lacks_role(backend: Backend, address: Address, role: Role, plugins: Plugins) -> str:
    able = sorted(
        {one.backend.name for one in plugins.registry.registrations if _serves(one.backend, role)}
    )
    return (
        f'"{address}" cannot be a {role}: the backend "{backend.name}" does not offer one. '
        f"These do: {', '.join(able) or 'none that is installed'}. See `ergate backends list`."
    )


def _client_missing(backend: Backend, address: Address, role: Role, error: ImportError) -> str:
    library = f' "{error.name}"' if error.name else ""
    advice = (
        f"Run: {install_command(backend.extra)}"
        if backend.extra
        else f"See the documentation of the plugin that brings {backend.name}."
    )
    return (
        f'No {role} for "{address}": its client library{library} cannot be imported '
        f"({error}). {advice}"
    )
