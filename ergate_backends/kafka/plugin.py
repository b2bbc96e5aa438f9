"""How the Kafka backend is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend, Finding
from ergate.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate.contracts.journal import Journal, JournalKind
    from ergate.contracts.queue import Queue


def open_queue(address: Address, _clock: Clock) -> Queue:
    """Open topics at `kafka` (this machine) or `kafka://HOST:PORT,HOST:PORT?prefix=NAME`."""
    from ergate_backends.kafka.address import Place
    from ergate_backends.kafka.queue import KafkaQueue, KafkaShareQueue

    kind = KafkaShareQueue if Place.of(address).mode == "share" else KafkaQueue
    return kind(address)


def open_journal(address: Address, _clock: Clock, kind: JournalKind) -> Journal:
    """Open the journal of a kind, a topic, at an address of the same form."""
    from ergate_backends.kafka.journal import KafkaJournal

    return KafkaJournal(address, kind)


def check(address: Address) -> Sequence[Finding]:
    """Look at the brokers, the topics, the group, and the settings that matter."""
    from ergate_backends.kafka.checking import findings

    return findings(address)


@hookimpl
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Register `kafka`."""
    register(
        Backend(
            name="kafka",
            summary="Apache Kafka as a queue in front of a state store",
            open_queue=open_queue,
            open_journal=open_journal,
            extra="kafka",
            check=check,
            level="L1",
        )
    )
