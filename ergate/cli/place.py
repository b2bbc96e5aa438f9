"""What every command needs: the settings, the app if there is one, and the store.

A command of another file looks like this:

    app = new_app("Jobs and what became of them.", "ergate jobs list --since 1h")

    @app.command("list", epilog=examples_text("ergate jobs list --json"))
    @with_place
    def list_jobs(place: Place, *, as_json: JsonOption = False) -> None:
        with place.broker() as broker:
            jobs = broker.store.list(JobFilter(...))
        if as_json:
            print_json([job_document(place.job(record)) for record in jobs])
        else:
            show(jobs_table(jobs, time.time(), width=stdout_width()))

Its siblings: `options` (shared options, `new_app`, `examples_text`), `times` (parsers),
`printing` (`print_json`, `show`, `tell`), `waiting` (`wait_for_end`), `failing` (errors → codes).
A command raises an `ErgateError`; `failing` prints it and ends with its exit code.
Heavy rooms (rich by way of `ergate.display`, settings, brokers) are imported inside functions.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ergate.cli.options import AppOption, ProfileOption, QueueOption, StateOption
from ergate.errors import LoadError, Unsupported, UsageError

if TYPE_CHECKING:
    from ergate.app import Ergate
    from ergate.brokers.broker import Broker
    from ergate.client import Client
    from ergate.jobs.codec import Limits
    from ergate.jobs.job import Job
    from ergate.jobs.record import JobRecord
    from ergate.settings import Loaded, Settings
    from ergate.workflows.registry import Registry

P = ParamSpec("P")
R = TypeVar("R")

_PLACE_OPTIONS: Mapping[str, object] = {
    "app": AppOption,
    "queue": QueueOption,
    "state": StateOption,
    "profile": ProfileOption,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The settings of this command, and the app that they belong to, if one was found."""

    loaded: Loaded
    app: Ergate[Any] | None
    app_target: str | None
    """How other processes find the app."""
    app_problem: LoadError | None
    """Why there is no app; None when there is one."""

    @property
    def settings(self) -> Settings:
        """The settings, by flag > environment > file > app > default."""
        return self.loaded.settings

    @property
    def registry(self) -> Registry | None:
        """The app's workflows, or None without an app."""
        return None if self.app is None else self.app.registry

    @property
    def job_type(self) -> type[Job]:
        """The app's own Job type, else `Job`."""
        from ergate.jobs.job import Job

        return Job if self.app is None else self.app.program(self.settings).job_type

    @property
    def limits(self) -> Limits:
        """How large and how deep a stored value may be."""
        from ergate.jobs.codec import Limits

        return Limits(self.settings.max_payload_bytes, self.settings.max_payload_depth)

    @property
    def is_private(self) -> bool:
        """Whether the settings name a backend that only one process can see."""
        return self._private_name() is not None

    def need_app(self) -> Ergate[Any]:
        """Return the app; raises `LoadError` that says why there is none.

        A command that is nothing without the app asks `find_place` with `needs_app` instead.
        """
        if self.app is None:
            raise self.app_problem or LoadError("No app was found.")
        return self.app

    def job(self, record: JobRecord) -> Job:
        """Return a stored job as the app's own Job type."""
        from ergate.jobs.job import job_from_record

        return job_from_record(record, self.job_type)

    @contextmanager
    def broker(self, *, orders: str | None = None) -> Iterator[Broker]:
        """Open the queue and the store that running workers use, and close them at the end.

        `orders` says what the command is about to change, as in "cancel a job": a journal can
        only be told and read, and refuses at once.
        Raises `UsageError` for what only the app's own process can see, and `BackendError`.
        """
        broker = self._open()
        try:
            if orders is not None and broker.kind == "direct":
                raise Unsupported(
                    f"{broker.labels.state_store} is a journal, which is only written to and "
                    f"read, and cannot {orders}. Keep jobs in a full state store for that, such "
                    "as sqlite, postgres or redis."
                )
            yield broker
        finally:
            broker.close()

    @contextmanager
    def client(self) -> Iterator[Client[Any]]:
        """Open what hands in jobs and waits for them; raises what `broker` raises."""
        with self.broker() as broker:
            yield self.client_of(broker)

    def client_of(self, broker: Broker) -> Client[Any]:
        """Return what hands in jobs by an open broker; without an app it takes unknown names."""
        from ergate.client import Client

        return Client(
            broker,
            self.job_type,
            self.limits,
            self.known(broker),
            trusts_names=self.app is None,
        )

    def known(self, broker: Broker) -> Registry:
        """Return the workflows of the app, if there is one, and those declared in the store."""
        from ergate.services.declared import with_declared
        from ergate.workflows.registry import Registry

        own = Registry() if self.registry is None else self.registry
        return with_declared(own, broker.store, self.settings)

    def _open(self) -> Broker:
        from ergate.brokers.direct import DirectBroker
        from ergate.brokers.opening import open_broker

        self._refuse_private_memory()
        settings = self.settings
        if self.app is not None:
            broker = self.app.open_broker(settings)
        else:
            broker = open_broker(settings.queue, settings.state_store, limits=self.limits)
        asked = broker.client_side if isinstance(broker, DirectBroker) else broker
        if asked is None:
            raise UsageError(
                f"{broker.labels.queue} and {broker.labels.state_store} are objects of the app's "
                "own: only the app can look into them, and this command cannot."
            )
        return asked

    def _refuse_private_memory(self) -> None:
        name = self._private_name()
        if name is not None:
            raise UsageError(
                f'"{name}" lives in the memory of one process, so this command can neither '
                "see its jobs nor hand in new ones; only the app itself can. "
                "For jobs that several processes share use sqlite, which needs no server."
            )

    def _private_name(self) -> str | None:
        from ergate.plugins.resolve import resolve_backend

        for name in (self.settings.queue, self.settings.state_store):
            if name is not None and resolve_backend(name, "queue")[0].single_process:
                return name
        return None


def find_place(
    *,
    app: str | None = None,
    queue: str | None = None,
    state: str | None = None,
    profile: str | None = None,
    flags: Mapping[str, object] | None = None,
    needs_app: bool = False,
) -> Place:
    """Return the settings, and the app if it can be loaded.

    An app that was named on the command line must load, and with `needs_app` there must be one.
    Otherwise one that settings name, or that lies in `app.py`, `main.py` or `myapp.py`, may be
    missing: then `app_problem` says why, and if it is broken a warning does.
    `flags` are further settings by their names. Raises `LoadError` and `SettingsError`.
    """
    from ergate.settings import load_settings

    given = {"app": app, "queue": queue, "state_store": state, "profile": profile, **(flags or {})}
    loaded = load_settings(given)
    found, target, problem = None, loaded.settings.app, None
    try:
        found, target = open_app(target)
    except LoadError as exc:
        if needs_app or app is not None:
            raise
        problem = exc
        _warn_of_broken_app(exc)
    if found is not None:
        loaded = load_settings(given, app_values=found.named_backends)
    return Place(loaded=loaded, app=found, app_target=target, app_problem=problem)


def open_app(target: str | None) -> tuple[Ergate[Any], str]:
    """Load the app that `target` names, else the one in a usual file; return it and its target.

    What the app's modules print goes to stderr: stdout is for results.
    Raises `LoadError`.
    """
    from ergate.app import Ergate
    from ergate.loading import find_app, load_app, load_object

    with contextlib.redirect_stdout(sys.stderr):
        target = target or find_app(Ergate)
        app = load_app(target, Ergate)
        # Worker processes do not guess: a factory must be marked as one for them.
        is_factory = not target.endswith("()") and load_object(target) is not app
    return app, f"{target}()" if is_factory else target


def app_or_bare(place: Place, note: str) -> tuple[Ergate[Any], str]:
    """Return the app and its target; where there is none, one for declared workflows only.

    Then `note` is told, which says so. Raises `LoadError` for one that was named or lies here,
    and cannot be had.
    """
    from ergate import bare
    from ergate.loading import NoAppError

    if place.app is not None and place.app_target is not None:
        return place.app, place.app_target
    if not isinstance(place.app_problem, NoAppError):
        place.need_app()
    from ergate.cli.printing import tell

    tell(f"note: {note}. {place.app_problem}")
    return bare.app, bare.TARGET


def _warn_of_broken_app(problem: LoadError) -> None:
    from ergate.cli.printing import tell

    # Its code is there and fails: it may have named the backends that we now do not know of.
    if problem.__cause__ is not None:
        tell(f"warning: going on without the app. {problem}")


def with_place(command: Callable[Concatenate[Place, P], R]) -> Callable[P, R]:
    """Call a command with its place: its last options are --app, --queue, --state and --profile."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> R:
        named = {name: kwargs.pop(name) for name in _PLACE_OPTIONS}
        return command(find_place(**named), *args, **kwargs)

    # Typer makes options from what a function says of itself.
    _place, *own = signature(command, eval_str=True).parameters.values()
    shared = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _PLACE_OPTIONS.items()
    ]
    run.__annotations__ = {each.name: each.annotation for each in [*own, *shared]}
    vars(run)["__signature__"] = Signature([*own, *shared])
    return run
