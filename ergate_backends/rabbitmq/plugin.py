"""How the RabbitMQ backend is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend, Finding
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate.contracts.journal import Journal, JournalKind
    from ergate_backends.rabbitmq.queue import RabbitMQQueue


def open_queue(address: Address, clock: Clock) -> RabbitMQQueue:
    """Open `rabbitmq` (this machine), `amqp://USER:PW@HOST:PORT/VHOST` or `amqps://…`."""
    from ergate_backends.rabbitmq.queue import RabbitMQQueue

    return RabbitMQQueue(address, clock)


def open_journal(address: Address, _clock: Clock, kind: JournalKind) -> Journal:
    """Open the journal of a kind, a stream queue, at an address of the same form."""
    from ergate_backends.rabbitmq.journal import RabbitMQJournal

    return RabbitMQJournal(address, kind)


def check(address: Address) -> Sequence[Finding]:
    """Look at the server's version, its queues, its time-outs and its distance."""
    from ergate_backends.rabbitmq.checking import findings

    return findings(address)


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `rabbitmq`."""
    register(
        Backend(
            name="rabbitmq",
            summary="A RabbitMQ server (3.10 or newer): a queue for many machines",
            schemes=("amqp", "amqps"),
            open_queue=open_queue,
            open_journal=open_journal,
            extra="rabbitmq",
            level="L1",
            check=check,
        )
    )
