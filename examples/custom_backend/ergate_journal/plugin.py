"""How Ergate finds this backend: the entry point in `pyproject.toml` names this module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate_journal.store import JournalStore


def open_store(address: Address, clock: Clock) -> JournalStore:
    from ergate_journal.store import JournalStore  # imported when it is needed, not before

    return JournalStore(Path(address.path or "jobs.journal"), clock)


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    register(
        Backend(
            name="journal",
            summary="In one file of JSON lines, for one process",
            open_store=open_store,
            single_process=True,
            level="L1",
        )
    )
