"""How the SQLite backend is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend, Finding
from ergate.errors import SettingsError
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate_backends.sqlite.store import SqliteStore

DEFAULT_PATH = ".ergate/ergate.db"
SYNCHRONOUS = ("full", "normal", "extra")


def open_store(address: Address, clock: Clock) -> SqliteStore:
    """Open `sqlite` (a file in `.ergate/`), `sqlite:///relative.db` or `sqlite:////absolute.db`.

    `?synchronous=normal` is faster and survives kill -9, but not power loss.
    """
    from ergate_backends.sqlite.store import SqliteStore

    return SqliteStore(path_of(address), clock, synchronous_of(address))


def path_of(address: Address) -> Path:
    """Return the file that an address means."""
    return Path(address.path or DEFAULT_PATH)


def synchronous_of(address: Address) -> str:
    """Return the value of SQLite's `synchronous` that an address asks for."""
    address.check_options(["synchronous"])
    value = address.options.get("synchronous", "full").lower()
    if value not in SYNCHRONOUS:
        raise SettingsError(
            f"{address}: synchronous={value} is not known. Use one of {', '.join(SYNCHRONOUS)}."
        )
    return value


def check(address: Address) -> Sequence[Finding]:
    """Look at the library's version, the file and its permissions."""
    from ergate_backends.sqlite.checking import findings

    return findings(path_of(address), synchronous_of(address))


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `sqlite`."""
    register(
        Backend(
            name="sqlite",
            summary="One file, no server; the default, for all processes of one machine",
            open_store=open_store,
            level="L2",
            check=check,
        )
    )
