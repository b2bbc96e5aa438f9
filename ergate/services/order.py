"""A request before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ergate.services.addresses import ServiceAddress
from ergate.services.limits import CallLimits


@dataclass(frozen=True, slots=True)
class Order:
    """A request that is to be sent, and who is told of when it fails."""

    who: str
    """The subject of messages, such as `Service "upper"`."""
    address: ServiceAddress
    limits: CallLimits
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What no message may show."""
