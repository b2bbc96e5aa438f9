"""How the Kafka backend is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate.contracts.queue import Queue


def open_queue(address: Address, _clock: Clock) -> Queue:
    """Open topics at `kafka` (this machine) or `kafka://HOST:PORT,HOST:PORT?prefix=NAME`."""
    from ergate_backends.kafka.queue import KafkaQueue

    return KafkaQueue(address)


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `kafka`."""
    register(
        Backend(
            name="kafka",
            summary="Apache Kafka as a queue in front of a state store",
            open_queue=open_queue,
            extra="kafka",
        )
    )
