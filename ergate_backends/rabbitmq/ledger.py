"""Which deliveries of a channel are in our hands, so that few words settle many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from pika import exceptions, spec

from ergate.contracts.queue import Delivery
from ergate_backends.rabbitmq.channel import Channel


@dataclass(frozen=True, slots=True)
class Handle:
    """Where a delivery came from, and with what."""

    ledger: Ledger
    number: int
    properties: spec.BasicProperties
    is_dead: bool = False
    """Whether it came from the queue of dead letters."""


class Ledger:
    """The deliveries of one channel that are not settled, in the order of their numbers.

    What the channel's end has taken away is unknown here, and settling it is ignored: the server
    delivers it again. Changed on the loop's thread only.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._open: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, number: int) -> None:
        """Note a delivery."""
        self._open[number] = None

    def acknowledge(self, numbers: Collection[int]) -> None:
        """Remove these messages from their queue."""
        self._settle(numbers, self._channel.raw.basic_ack)

    def give_back(self, numbers: Collection[int]) -> None:
        """Have the server deliver these messages again, to anybody."""
        self._settle(numbers, self._channel.raw.basic_nack)

    def _settle(self, numbers: Collection[int], say: Callable[[int, bool], object]) -> None:
        if not self._channel.is_open:
            self._open.clear()
            return
        left = {number for number in numbers if number in self._open}
        with suppress(exceptions.AMQPError):  # the channel closes: all of them come again
            # One word settles the oldest ones, as far as they are all among these.
            oldest = list(takewhile(left.__contains__, self._open))
            for number in oldest:
                del self._open[number]
            if oldest:
                say(oldest[-1], len(oldest) > 1)
            for number in sorted(left.difference(oldest)):
                del self._open[number]
                say(number, False)  # noqa: FBT003  a parameter of the client library


def handle_of(delivery: Delivery) -> Handle:
    """Return what settles a delivery of this kind of queue."""
    handle = delivery.handle
    assert isinstance(handle, Handle), "a delivery of another queue"
    return handle


def by_ledger(deliveries: Iterable[Delivery]) -> dict[Ledger, list[Handle]]:
    """Sort handles by where they came from."""
    found: dict[Ledger, list[Handle]] = {}
    for delivery in deliveries:
        handle = handle_of(delivery)
        found.setdefault(handle.ledger, []).append(handle)
    return found
