"""How the Redis backend is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend, Finding
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate_backends.redis.queue import RedisQueue
    from ergate_backends.redis.store import RedisStore


def open_store(address: Address, clock: Clock) -> RedisStore:
    """Open `redis` (this machine), `redis://HOST:PORT/DB`, `rediss://…` or `unix:///PATH?db=N`."""
    from ergate_backends.redis.store import RedisStore

    return RedisStore(address, clock)


def open_queue(address: Address, clock: Clock) -> RedisQueue:
    """Open streams at the same kinds of address."""
    from ergate_backends.redis.queue import RedisQueue

    return RedisQueue(address, clock)


def check(address: Address) -> Sequence[Finding]:
    """Look at the server's version, persistence, memory policy, clock and distance."""
    from ergate_backends.redis.checking import findings

    return findings(address)


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `redis`."""
    register(
        Backend(
            name="redis",
            summary="A Redis or Valkey server (6.2 or newer), for many machines",
            schemes=(
                "rediss",
                "unix",
                "redis+sentinel",
                "rediss+sentinel",
                "redis+cluster",
                "rediss+cluster",
            ),
            open_store=open_store,
            open_queue=open_queue,
            extra="redis",
            level="L1-L2",
            check=check,
        )
    )
