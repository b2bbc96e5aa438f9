"""What an app hands to its workers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ergate.brokers.broker import Broker
from ergate.brokers.direct import DirectBroker
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.settings import Settings
from ergate.worker.signals import Signals
from ergate.workflows.registry import Registry

Lifespan = Callable[[], AbstractContextManager[object] | AbstractAsyncContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Workflows and what belongs to running them, the same in every worker process."""

    registry: Registry
    job_type: type[Job]
    signals: Signals
    lifespan: Lifespan | None
    limits: Limits
    timeout_s: float | None = None
    """For steps that declare none; None means no limit."""


@runtime_checkable
class Runnable(Protocol):
    """What a worker process needs of an app, however it was found."""

    def program(self, settings: Settings) -> Program:
        """Return what workers run."""
        ...

    def open_broker(self, settings: Settings) -> Broker | DirectBroker:
        """Open the queue and the state store that the settings and the app name."""
        ...
