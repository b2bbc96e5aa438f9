"""How the memory backend is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate_backends.memory.queue import MemoryQueue
    from ergate_backends.memory.store import MemoryStore


def open_store(_address: Address, clock: Clock) -> MemoryStore:
    """Return a new, empty store; two of the same address share nothing."""
    from ergate_backends.memory.store import MemoryStore

    return MemoryStore(clock)


def open_queue(_address: Address, _clock: Clock) -> MemoryQueue:
    """Return a new, empty queue; two of the same address share nothing."""
    from ergate_backends.memory.queue import MemoryQueue

    return MemoryQueue()


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `memory`."""
    register(
        Backend(
            name="memory",
            summary="In the memory of one process; for tests and for trying things out",
            open_store=open_store,
            open_queue=open_queue,
            single_process=True,
            level="L0",
        )
    )
