"""The app: workflows, and where their jobs wait and are kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from ergate.errors import InvalidDefinitionError, UsageError
from ergate.jobs.job import Job
from ergate.worker.signals import ErgateSignal, Signals
from ergate.workflows.registry import Registry
from ergate.workflows.workflow import Workflow

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.brokers.direct import DirectBroker
    from ergate.client import Client
    from ergate.settings import Settings
    from ergate.worker.program import Program

JobT = TypeVar("JobT", bound=Job)
T = TypeVar("T")
Manager = AbstractContextManager[Any] | AbstractAsyncContextManager[Any]
Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class Ergate(Generic[JobT]):
    """An app: it knows workflows, hands in their jobs, and runs them.

    `queue` and `state_store` may each be a backend's name, a URL, or an object: one with
    `get_one` and `put`, one with `update`. With neither, settings decide, and without settings
    jobs are kept by SQLite in `.ergate/`. `job_state_store` is the older name of `state_store`.
    `lifespan` is called with the app and returns a context manager, sync or async, that is
    entered once per worker process. `job_type` is a subclass of `Job` with fields of your own.
    """

    @overload
    def __init__(
        self: Ergate[Job],
        queue: object = None,
        state_store: object = None,
        *,
        job_state_store: object = None,
        lifespan: Callable[[Any], Manager] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        queue: object = None,
        state_store: object = None,
        *,
        job_state_store: object = None,
        lifespan: Callable[[Any], Manager] | None = None,
        job_type: type[JobT],
    ) -> None: ...

    def __init__(
        self,
        queue: object = None,
        state_store: object = None,
        *,
        job_state_store: object = None,
        lifespan: Callable[[Any], Manager] | None = None,
        job_type: type[Any] = Job,
    ) -> None:
        if state_store is not None and job_state_store is not None:
            raise InvalidDefinitionError(
                "Ergate(...) got both state_store= and job_state_store=, which are two names of "
                "the same thing. Leave the older one, job_state_store=, out."
            )
        self._queue = queue
        self._state_store = job_state_store if state_store is None else state_store
        self._lifespan = lifespan
        self._job_type: type[JobT] = job_type
        self._signals = Signals()
        self._client: Client[JobT] | None = None
        self._private: tuple[object, Broker] | None = None
        self._bound: Settings | None = None
        self._lock = Lock()
        self.registry = Registry()

    # --- writing an app -------------------------------------------------------------------------

    def register_workflow(self, workflow: Workflow) -> None:
        """Make a workflow known, after checking all that can be checked.

        Raises `InvalidDefinitionError` for one that cannot work, or whose name is taken.
        """
        self.registry.register(workflow)

    def signal(self, signal: ErgateSignal) -> Callable[[Receiver], Receiver]:
        """Decorate a function that is told of a moment; it receives the job if it takes one."""

        def connect(receiver: Receiver) -> Receiver:
            self._signals.connect(signal, receiver)
            return receiver

        return connect

    # --- handing in jobs ------------------------------------------------------------------------

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

    # Inside an event loop: the same, in a thread, so that the loop goes on.

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

    @property
    def client(self) -> Client[JobT]:
        """The part of the app that hands in jobs; opened at first use, and shared by threads."""
        with self._lock:
            if self._client is None:
                self._client = self._open_client()
            return self._client

    def _open_client(self) -> Client[JobT]:
        from ergate.brokers.direct import DirectBroker
        from ergate.client import Client

        settings = self.settings()
        broker = self.open_broker(settings)
        if isinstance(broker, DirectBroker):
            raise UsageError(
                f"{broker.labels.queue} and {broker.labels.state_store} are objects of your own: "
                "Ergate cannot store jobs in them. Put a Job into your queue instead."
            )
        return Client(broker, self._job_type, _limits(settings), self.registry)

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

    def close(self) -> None:
        """Let go of what was opened to hand in jobs; the next call opens it anew.

        Jobs that are kept in memory end with it.
        """
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
            if self._private is not None:
                self._private[1].close()
                self._private = None
            self._bound = None

    # --- running --------------------------------------------------------------------------------

    def run(self, processes: int = 1, concurrency: int = 1, *, burst: bool = False) -> None:
        """Run workers until SIGINT or SIGTERM; in burst mode until nothing is left to run.

        One process means this one. More are started beside it, and load the app again from its
        module. Call it from the main thread, under `if __name__ == "__main__":`.
        Raises `UsageError` for what cannot be run, and `BackendUnavailable`.
        """
        from ergate.running import run_app

        given: dict[str, object] = {"processes": processes, "concurrency": concurrency}
        settings = self.settings(given | ({"burst": True} if burst else {}))
        run_app(self, settings, target=None if processes == 1 else self.target())

    def settings(self, flags: Mapping[str, object] | None = None) -> Settings:
        """Return the settings with which this app runs; `flags` outrank all other sources.

        Without flags, those that it is bound to are returned, if there are any.
        """
        from ergate.settings import load_settings

        if flags is None and self._bound is not None:
            return self._bound
        return load_settings(flags or {}, app_values=self.named_backends).settings

    def bind(self, settings: Settings) -> None:
        """Hand in jobs where these settings say, until the app is closed.

        A worker does so, and its steps hand in jobs where their own came from.
        """
        self._bound = settings

    @property
    def job_type(self) -> type[JobT]:
        """The class of this app's jobs."""
        return self._job_type

    @property
    def named_backends(self) -> dict[str, object]:
        """The queue and the state store as far as they were given as names or URLs."""
        given = {"queue": self._queue, "state_store": self._state_store}
        return {name: value for name, value in given.items() if isinstance(value, str)}

    @property
    def has_own_objects(self) -> bool:
        """Whether the queue or the state store was given as an object."""
        return any(
            given is not None and not isinstance(given, str)
            for given in (self._queue, self._state_store)
        )

    def open_broker(self, settings: Settings) -> Broker | DirectBroker:
        """Open the queue and the state store; what settings name outranks the app's objects."""
        from ergate.brokers.direct import DirectBroker
        from ergate.brokers.opening import open_broker
        from ergate.contracts.capabilities import Capability

        self.bind(settings)
        is_named = settings.queue is not None or settings.state_store is not None
        queue = self._object(settings.queue, self._queue, is_named=is_named)
        state_store = self._object(settings.state_store, self._state_store, is_named=is_named)
        # What lives in this process alone must be the same for `enqueue` and for the workers.
        if self._private is not None and self._private[0] == (queue, state_store):
            return self._private[1].share()
        broker = open_broker(queue, state_store, limits=_limits(settings), registry=self.registry)
        if isinstance(broker, DirectBroker):
            return broker
        if Capability.SHARED not in broker.store.capabilities:
            self._private = (queue, state_store), broker.share()
        return broker

    @staticmethod
    def _object(named: str | None, given: object, *, is_named: bool) -> object:
        """Return what settings name; else the app's object, unless it is one of a bare pair."""
        if named is not None:
            return named
        return None if is_named and hasattr(given, "update") else given

    def program(self, settings: Settings) -> Program:
        """Return what workers run."""
        from ergate.worker.program import Program

        return Program(
            registry=self.registry,
            job_type=self._job_type,
            signals=self._signals,
            lifespan=None if self._lifespan is None else partial(self._lifespan, self),
            limits=_limits(settings),
            timeout_s=settings.timeout_s,
        )

    def target(self) -> str:
        """Return how another process can find this app: `module:attribute` or `file.py:attribute`.

        Raises `UsageError` when it is not an attribute of a module.
        """
        for module in list(sys.modules.values()):
            for name, value in list(vars(module).items()) if hasattr(module, "__dict__") else ():
                if value is self:
                    file = getattr(module, "__file__", None)
                    is_script = module.__name__ == "__main__" and file is not None
                    place = Path(cast(str, file)).resolve() if is_script else module.__name__
                    return f"{place}:{name}"
        raise UsageError(
            "Several processes need an app that each of them can import. "
            "Make it an attribute of a module: app = Ergate(...)."
        )


def _limits(settings: Settings) -> Any:
    from ergate.jobs.codec import Limits

    return Limits(settings.max_payload_bytes, settings.max_payload_depth)


async def _in_thread(call: Callable[[], T]) -> T:
    import asyncio

    return await asyncio.to_thread(call)
