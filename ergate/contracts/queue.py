"""What an external queue promises: dispatch, at least once, acknowledged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ergate.contracts.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes that wait in a queue; `key` groups messages of one job where the queue can."""

    body: bytes
    key: str
    queue: str = "default"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in the hands of one receiver, until it is acknowledged or released."""

    body: bytes
    queue: str
    handle: object
    """Whatever the queue needs to settle this delivery."""
    identity: str
    """The same for each delivery of the same message, and for no other message."""
    given_up: str | None = None
    """Why the server does not deliver it any more, if so: a ticket is followed for the last time,
    anything else becomes a dead letter with this reason."""


class Queue(ABC):
    """A queue that only says where to look; it may double, delay and reorder what it holds.

    Methods may be called from several threads at once. Each raises
    `ergate.errors.BackendUnavailable` when the server cannot be reached within its time limit;
    the caller tries again with growing pauses.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset()

    @abstractmethod
    def publish(self, messages: Sequence[Message]) -> None:
        """Put `messages` in their queues; return when the server has confirmed all of them.

        An error means that any of them may or may not be there.
        """

    @abstractmethod
    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        """Take up to `limit` messages that are there; block up to `timeout_s` for the first.

        A delivery that is neither acknowledged nor released comes back after its receiver died.
        """

    @abstractmethod
    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Remove `deliveries` for good. Unknown or repeated handles are ignored."""

    @abstractmethod
    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give `deliveries` back at once, for any receiver."""

    def depth(self, queue: str) -> int:
        """Return how many messages wait. Needs `Capability.DEPTH`."""
        raise unsupported(self, Capability.DEPTH)

    def purge(self, queue: str) -> int:
        """Drop what waits and return how many messages it was. Needs `Capability.PURGE`."""
        raise unsupported(self, Capability.PURGE)

    def wake(self) -> None:  # noqa: B027  a queue without blocking waits has nobody to wake
        """Make a `receive` that blocks in another thread return soon."""

    @abstractmethod
    def close(self) -> None:
        """Let go of every connection; deliveries in hand come back to other receivers."""


def unsupported(backend: object, capability: Capability) -> Exception:
    """Return the error for a capability that `backend` does not declare."""
    from ergate.errors import Unsupported

    return Unsupported(
        f"{type(backend).__name__} does not declare the capability {capability.name}. "
        "See `ergate backends list` for what each backend can do."
    )
