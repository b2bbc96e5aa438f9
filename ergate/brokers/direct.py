"""A state store that is only told: the whole job travels, through a queue of whatever kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from ergate.brokers.broker import DIRECT_PROMISE, Broker, Labels
from ergate.contracts.capabilities import Level
from ergate.jobs.job import Job

JobType = TypeVar("JobType", bound=Job)
JobIn_contra = TypeVar("JobIn_contra", bound=Job, contravariant=True)


@runtime_checkable
class QueueProtocol(Protocol[JobType]):
    """A queue of the user's own; what it raises ends the worker."""

    def get_one(self) -> JobType:
        """Return the next job; block until there is one."""
        ...

    def put(self, job: JobType) -> None:
        """Take the job back; called after each step while the job has not ended."""
        ...


@runtime_checkable
class StateStoreProtocol(Protocol[JobIn_contra]):
    """A state store of the user's own; what it raises ends the worker."""

    def update(self, job: JobIn_contra) -> None:
        """Take note of the job; called just before a step runs and after it ran."""
        ...


@dataclass(frozen=True, slots=True)
class DirectBroker:
    """Hands jobs over as they are: steps run at least as often as the queue delivers them."""

    queue: QueueProtocol[Any]
    state_store: StateStoreProtocol[Any]
    labels: Labels
    level: Level = Level.L0
    """What accepted jobs survive, as far as we know: nothing, for objects of the user's own."""
    client_side: Broker | None = None
    """What hands in jobs and asks about them; None for objects of the user's own."""
    is_shared: bool = True
    """Whether worker processes beside this one can serve the queue."""
    kind = "direct"
    promise = DIRECT_PROMISE

    def close(self) -> None:
        """Let go of what was opened by name; the user's own objects belong to the user."""
        if self.client_side is not None:
            self.client_side.close()
