"""What a RabbitMQ server tells of itself when a connection opens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

OLDEST = (3, 10)
"""The first whose quorum queues hand dead letters on at least once."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A server's product and version; what differs between versions is asked here."""

    product: str
    version: str

    @classmethod
    def of(cls, properties: Mapping[str, object] | None) -> ServerInfo:
        """Read the properties that a server sends with its greeting."""
        told = properties or {}
        return cls(_text(told.get("product")) or "AMQP server", _text(told.get("version")) or "?")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The leading numbers of the version, as (3, 10, 8); empty when there are none."""
        match = re.match(r"\d+(?:\.\d+)*", self.version)
        return tuple(map(int, match[0].split("."))) if match else ()

    @property
    def is_known(self) -> bool:
        """Whether it is RabbitMQ, with a version that can be read."""
        return self.product == "RabbitMQ" and bool(self.numbers)

    @property
    def is_too_old(self) -> bool:
        """Whether it is a RabbitMQ that lacks what our queues need."""
        return self.is_known and self.numbers < OLDEST

    @property
    def counts_hand_backs(self) -> bool:
        """Whether giving a message back brings it nearer to its delivery limit."""
        return not self.is_known or self.numbers < (4, 3)

    @property
    def default_delivery_limit(self) -> int | None:
        """What limits deliveries where a queue does not say; None is no limit."""
        return 20 if self.is_known and self.numbers >= (4, 0) else None

    @property
    def ack_timeout_cancels(self) -> bool:
        """Whether an unacknowledged message costs a consumer only, and not its whole channel."""
        return self.is_known and self.numbers >= (4, 3)

    def __str__(self) -> str:
        return f"{self.product} {self.version}"


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
