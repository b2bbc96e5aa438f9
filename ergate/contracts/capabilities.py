"""What a backend declares that it can do, and what its store survives."""

from __future__ import annotations

from enum import Enum, StrEnum


class Capability(StrEnum):
    """An ability that not every backend has; what is not declared raises `Unsupported`."""

    SHARED = "shared"
    """Several processes can use it at the same time."""
    DURABLE = "durable"
    """What it accepted survives the end of every process."""
    DEPTH = "depth"
    """A queue that can count what waits in it."""
    PURGE = "purge"
    """A queue that can drop all that waits in it."""
    PARTITIONED = "partitioned"
    """A queue that divides its messages among receivers beforehand: the share of one that does
    not receive waits for it, while the others are idle."""
    TRANSACTIONAL_STEPS = "transactional steps"
    """A store that can write a step's outcome on a connection which the step writes on, too."""
    ENQUEUE_IN_TRANSACTION = "enqueue in a transaction"
    """A store that can accept jobs in a transaction which the caller has open."""
    MOVE = "move"
    """A store whose waiting jobs can go to another one, and which can take in those of others."""
    FEEDS = "feeds"
    """A store that hands out each transition for others to be told of it."""
    DEFINITIONS = "definitions"
    """A store that keeps the definitions of declared services and workflows."""
    ACTIVITY = "activity"
    """A store that can tell how many jobs ended in each span of time, and how long they took."""


class Level(Enum):
    """What a store survives; printed at start and never claimed higher than was checked."""

    L0 = "nothing: what it holds ends with the process"
    L1 = "kill -9 of every process, ours and the server's"
    L2 = "power loss"
    L3 = "loss of a machine"

    def __str__(self) -> str:
        return f"{self.name} (survives {self.value})"
