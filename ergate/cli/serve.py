"""`ergate serve`: the dashboard and the HTTP API."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ergate.cli.options import (
    AppArgument,
    ProfileOption,
    QueueOption,
    StateOption,
    examples_text,
    new_app,
)
from ergate.cli.place import Place, app_or_bare, find_place
from ergate.cli.printing import tell
from ergate.cli.run_options import LogFormatOption, LogLevelOption
from ergate.errors import UsageError

if TYPE_CHECKING:
    from ergate.api.security import Security
    from ergate.app import Ergate
    from ergate.brokers.broker import Broker

app = new_app("Serve the dashboard and the HTTP API.")

HostOption = Annotated[
    str | None,
    typer.Option(
        "--host", metavar="HOST", help="The address to listen on (127.0.0.1); others need a token."
    ),
]
PortOption = Annotated[
    str | None,
    typer.Option("--port", metavar="PORT", help="The port (8700); 0 takes any free one."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="What callers show to change anything. Everybody on this machine can see it in `ps`: "
        "ERGATE_TOKEN and the setting token are not seen.",
    ),
]
ReadOnlyOption = Annotated[
    bool, typer.Option("--read-only", help="Only show, and change nothing for anybody.")
]


@app.command(
    epilog=examples_text(
        "ergate serve",
        "ERGATE_TOKEN=$(openssl rand -hex 16) ergate serve myapp:app",
        "ergate serve --port 9000 --read-only",
        "ergate serve --state postgres://localhost/shop --log-format json",
    )
)
def serve(
    *,
    app_name: AppArgument = None,
    host: HostOption = None,
    port: PortOption = None,
    token: TokenOption = None,
    read_only: ReadOnlyOption = False,
    queue: QueueOption = None,
    state: StateOption = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
    profile: ProfileOption = None,
) -> None:
    """Serve the dashboard and the HTTP API until Ctrl-C; workers are run by `ergate run`.

    It knows the app's workflows, if there is an app, and those declared in the store.
    Without a token it only shows, and only to this machine.
    Ctrl-C, or SIGTERM, once: requests that run end first. Twice: stop at once.
    Exit codes: 0 stopped in order, 1 stopped at once, 2 wrong usage, 4 the store is away.
    """
    place = find_place(
        app=app_name,
        queue=queue,
        state=state,
        profile=profile,
        flags={
            "serve_host": host,
            "serve_port": port,
            "token": token,
            "read_only": read_only or None,
            "log_format": log_format,
            "log_level": log_level,
        },
    )
    for warning in place.loaded.warnings:
        tell(f"warning: {warning}")
    _import_libraries()
    served, _target = app_or_bare(place, "only declared workflows are known")
    _serve(place, served)


def _import_libraries() -> None:
    """Raise `UsageError` when the libraries of the HTTP face are not there."""
    try:
        import ergate.api.serving  # noqa: F401
    except ModuleNotFoundError as exc:
        raise UsageError(
            f"`ergate serve` needs the library {exc.name}, which is not installed. "
            'Run: pip install "ergate[api]"'
        ) from exc


def _serve(place: Place, served: Ergate[Any]) -> None:
    """Serve until a signal; at the second one the process ends here."""
    from ergate.api.app import create_api
    from ergate.api.desk import Place as Served
    from ergate.api.security import Security
    from ergate.api.serving import check_address, serve
    from ergate.display.log_records import logging_lines
    from ergate.running import register_definitions

    settings = place.settings
    check_address(settings.serve_host, Security.of(settings))
    with place.broker() as broker:
        security = Security.of(settings, read_only=broker.kind == "direct")
        register_definitions(served.program(settings), broker, settings)
        api = create_api(
            Served(
                broker=broker,
                job_type=place.job_type,
                limits=place.limits,
                registry=place.registry,
                settings=settings,
            ),
            security,
        )
        _tell_who_may_change(broker, security)
        with logging_lines(settings.log_format, settings.log_level, sys.stdout):
            started = partial(_log_start, broker, security)
            if not serve(api, settings.serve_host, settings.serve_port, on_start=started):
                # Python would wait for a call of the store that hangs, and so would the broker.
                os._exit(1)


def _tell_who_may_change(broker: Broker, security: Security) -> None:
    from ergate.api.serving import HOW_TO_MAKE_ONE

    if broker.kind == "direct":
        tell(
            f"note: {broker.labels.state_store} is a journal, which is only written to and read: "
            "this server shows it and changes nothing."
        )
    elif security.read_only:
        tell("note: this server is read-only and changes nothing.")
    elif security.token is None:
        tell(
            "note: there is no token, so this server only shows, and only to this machine. "
            f"To change anything start it with one: {HOW_TO_MAKE_ONE} ergate serve"
        )


def _log_start(broker: Broker, security: Security, address: str) -> None:
    import logging

    from ergate.display.log_records import EVENT, FIELDS

    fields = {
        "queue": broker.labels.queue,
        "state_store": broker.labels.state_store,
        "survives": str(broker.level),
        "promise": broker.promise,
        "token": security.token is not None,
        "read_only": security.read_only,
    }
    extra = {EVENT: "serving", FIELDS: fields}
    logging.getLogger("ergate").info("Serving on %s", address, extra=extra)
