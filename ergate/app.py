"""The app: workflows, and where their jobs wait and are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ergate.enqueuing import Enqueuing, JobT
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

Manager = AbstractContextManager[Any] | AbstractAsyncContextManager[Any]
Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class Ergate(Enqueuing[JobT]):
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
        super().__init__()
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
        self._private: tuple[object, Broker] | None = None
        self._bound: Settings | None = None
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

    # --- what it opens --------------------------------------------------------------------------

    def _open_client(self) -> Client[JobT]:
        from ergate.brokers.direct import DirectBroker
        from ergate.client import Client
        from ergate.services.declared import with_declared

        settings = self.settings()
        broker = self.open_broker(settings)
        asked = broker.client_side if isinstance(broker, DirectBroker) else broker
        if asked is None:
            raise UsageError(
                f"{broker.labels.queue} and {broker.labels.state_store} are objects of your own: "
                "Ergate cannot store jobs in them. Put a Job into your queue instead."
            )
        registry = with_declared(self.registry, asked.store, settings)
        return Client(asked, self._job_type, _limits(settings), registry)

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
        broker = open_broker(
            queue,
            state_store,
            limits=_limits(settings),
            registry=self.registry,
            job_type=self._job_type,
            queues=settings.queues,
            republish_s=settings.republish_s,
        )
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
        from ergate.loading import target_of

        return target_of(self)


def _limits(settings: Settings) -> Any:
    from ergate.jobs.codec import Limits

    return Limits(settings.max_payload_bytes, settings.max_payload_depth)
