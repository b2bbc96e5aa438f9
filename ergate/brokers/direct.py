"""Two objects of the user's own: the whole job travels, and the state store is only told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from ergate.brokers.broker import DIRECT_PROMISE, Labels
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
    kind = "direct"
    promise = DIRECT_PROMISE
    level = Level.L0

    def close(self) -> None:
        """Nothing to do: the two objects belong to the user."""
