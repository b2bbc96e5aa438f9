"""Where requests meet the store: blocking calls, in few threads and for a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, ParamSpec, TypeVar

from fastapi import Depends, Request

from ergate.api.bounds import Bounds
from ergate.api.problems import Refused
from ergate.brokers.broker import Broker
from ergate.client import Client
from ergate.clock import Clock, SystemClock
from ergate.errors import Unsupported
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.services.catalog import Catalog
from ergate.services.declared import with_declared
from ergate.services.webhooks import Webhooks
from ergate.settings import Settings
from ergate.workflows.registry import Registry
from ergate.workflows.workflow import Workflow

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the HTTP face works on: the store, and the app's workflows if there is an app."""

    broker: Broker
    job_type: type[Job] = Job
    limits: Limits = field(default_factory=Limits)
    registry: Registry | None = None
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=SystemClock)

    @property
    def client(self) -> Client[Job]:
        """What hands in jobs; without an app it takes names that nobody knows here."""
        return Client(
            self.broker,
            self.job_type,
            self.limits,
            self.known,
            trusts_names=self.registry is None,
        )

    @cached_property
    def known(self) -> Registry:
        """The workflows of the app, and those declared in the store."""
        own = Registry() if self.registry is None else self.registry
        return with_declared(own, self.broker.store, self.settings)

    @cached_property
    def catalog(self) -> Catalog:
        """The registered services and definitions. Raises `Unsupported`."""
        own = self.registry
        return Catalog(self.broker.store, None if own is None else own.__contains__)

    @cached_property
    def webhooks(self) -> Webhooks:
        """What accepts webhooks of events. Raises `SettingsError`."""
        return Webhooks(self.settings)

    def workflow(self, name: str, version: str | None = None) -> Workflow | None:
        """Return a workflow of the app or the store, or None when neither has it."""
        return self.known.find(name, version)

    def check_orders(self) -> None:
        """Raise `Unsupported` when the store is a journal, which obeys no orders."""
        if self.broker.kind == "direct":
            raise Unsupported(
                f"{self.broker.labels.state_store} is a journal, which is only written to and "
                "read. Keep jobs in a full state store to order anything about them."
            )


class Desk:
    """Runs functions of the blocking side for the requests."""

    def __init__(self, place: Place, bounds: Bounds) -> None:
        self.place = place
        self.bounds = bounds
        # Not the event loop's own pool: a call that hangs keeps its thread, and must not be
        # able to make the process start another one.
        self._threads = ThreadPoolExecutor(bounds.threads, "ergate-api")
        self._waiting = 0

    async def ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a blocking function returns, or raise what it raises.

        Raises `Refused` with 503 when too many wait, or when no answer came in time.
        """
        return await self._run(self.bounds.answer_s, lambda: function(*args, **kwargs))

    async def order(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same for an order about many jobs, which may take longer."""
        return await self._run(self.bounds.bulk_s, lambda: function(*args, **kwargs))

    async def _run(self, limit_s: float, call: Callable[[], T]) -> T:
        if self._waiting >= self.bounds.threads + self.bounds.waiting:
            raise Refused(503, "Too many requests wait for the state store.")
        self._waiting += 1
        try:
            done = asyncio.get_running_loop().run_in_executor(self._threads, call)
            return await asyncio.wait_for(done, limit_s)
        except TimeoutError:
            raise Refused(
                503,
                f"The state store did not answer within {limit_s:g} s. What was asked for may "
                "have been done all the same.",
            ) from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the threads end; what none of them has begun is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def desk_of(request: Request) -> Desk:
    """Return the desk of the app that answers a request."""
    desk: Desk = request.app.state.desk
    return desk


AskedDesk = Annotated[Desk, Depends(desk_of)]
