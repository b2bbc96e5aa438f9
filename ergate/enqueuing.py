"""The half of an app that hands in jobs and asks what became of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ergate.jobs.job import Job
from ergate.workflows.workflow import Workflow

if TYPE_CHECKING:
    from ergate.client import Client

JobT = TypeVar("JobT", bound=Job)
T = TypeVar("T")


class Enqueuing(ABC, Generic[JobT]):
    """Hands in jobs by a client that is opened at first use, and shared by threads."""

    def __init__(self) -> None:
        self._client: Client[JobT] | None = None
        self._lock = Lock()

    @abstractmethod
    def _open_client(self) -> Client[JobT]:
        """Open what hands in jobs where the settings say."""

    def enqueue(
        self,
        workflow: str | Workflow,
        input: object = None,  # noqa: A002 - the word that people know
        *,
        id: str | None = None,  # noqa: A002
        context: object = None,
        queue: str | None = None,
        priority: int = 0,
        at: datetime | None = None,
        in_s: float | None = None,
        fields: Mapping[str, Any] | None = None,
        connection: object = None,
    ) -> JobT:
        """Accept a job and return it: when this returns the job is stored and will run.

        `input` is checked against the type of the first step's input. With an `id` of your own,
        handing in the same job again changes nothing and returns the first. It starts not before
        `at`, or `in_s` seconds from now. `fields` are those that your own Job type adds.
        With the `connection` of a transaction that you have open in the state store's database
        the job belongs to that: rolled back, it never existed.
        Raises `UnknownWorkflowError`, `ValidationError`, `PayloadError`, `BackendUnavailable`, and
        `Unsupported` for a connection that the state store cannot write on.
        """
        from ergate.client import Wish

        wish = Wish(
            id=id,
            context=context,
            queue=queue,
            priority=priority,
            at=at,
            in_s=in_s,
            fields=dict(fields or {}),
            connection=connection,
        )
        return self.client.enqueue(workflow, input, wish)

    def enqueue_many(
        self,
        workflow: str | Workflow,
        inputs: Iterable[object],
        *,
        context: object = None,
        queue: str | None = None,
        priority: int = 0,
    ) -> list[JobT]:
        """Accept one job per input, in bulk; raises what `enqueue` raises.

        Batches of 500 are stored one after the other: at an error, those before it are accepted.
        """
        from ergate.client import Wish

        wish = Wish(context=context, queue=queue, priority=priority)
        return list(self.client.enqueue_many(workflow, inputs, wish))

    def get_job(self, id: str) -> JobT:  # noqa: A002
        """Return a job as it is now. Raises `JobNotFoundError`."""
        return self.client.get_job(id)

    def wait(self, id: str, timeout_s: float | None = None) -> JobT:  # noqa: A002
        """Block until the job has ended; return it. Raises `TimeoutError`, `JobNotFoundError`."""
        return self.client.wait(id, timeout_s)

    # --- inside an event loop: the same, in a thread, so that the loop goes on -------------------

    async def aenqueue(self, workflow: str | Workflow, input: object = None, **wish: Any) -> JobT:  # noqa: A002
        """Do what `enqueue` does, without blocking the event loop."""
        return await _in_thread(partial(self.enqueue, workflow, input, **wish))

    async def aenqueue_many(
        self, workflow: str | Workflow, inputs: Iterable[object], **wish: Any
    ) -> list[JobT]:
        """Do what `enqueue_many` does, without blocking the event loop."""
        return await _in_thread(partial(self.enqueue_many, workflow, inputs, **wish))

    async def aget_job(self, id: str) -> JobT:  # noqa: A002
        """Do what `get_job` does, without blocking the event loop."""
        return await _in_thread(partial(self.get_job, id))

    async def await_job(self, id: str, timeout_s: float | None = None) -> JobT:  # noqa: A002
        """Do what `wait` does, without blocking the event loop."""
        return await _in_thread(partial(self.wait, id, timeout_s))

    # --- the client -------------------------------------------------------------------------------

    @property
    def client(self) -> Client[JobT]:
        """The part of the app that hands in jobs; opened at first use, and shared by threads."""
        with self._lock:
            if self._client is None:
                self._client = self._open_client()
            return self._client

    @contextmanager
    def handing_to(self, client: Client[JobT]) -> Iterator[None]:
        """Hand jobs to `client`, and ask it about them, for as long as the block runs."""
        with self._lock:
            before, self._client = self._client, client
        try:
            yield
        finally:
            with self._lock:
                self._client = before


async def _in_thread(call: Callable[[], T]) -> T:
    import asyncio

    return await asyncio.to_thread(call)
