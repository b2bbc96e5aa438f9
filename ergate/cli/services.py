"""`ergate services`: the HTTP services that declared workflows call."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.definition_files import FilesArgument, catalog_of, register_files
from ergate.cli.options import JsonOption, examples_text, new_app
from ergate.cli.place import Place, with_place
from ergate.cli.printing import print_json, print_line, show, tell

if TYPE_CHECKING:
    from ergate.services.calling import Caller
    from ergate.services.catalog import Catalog
    from ergate.services.service import Service

app = new_app(
    "HTTP services that declared workflows call.",
    "ergate services register service-upper.json",
    "ergate services list",
    "ergate services ping",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The service's name or id.")]
_AT_ONCE = 8


@app.command(
    "register",
    epilog=examples_text(
        "ergate services register service-upper.json service-reverse.json",
        "ergate services register definitions/",
        "curl -s https://example.com/service.json | ergate services register -",
    ),
)
@with_place
def register_services(place: Place, *, files: FilesArgument, as_json: JsonOption = False) -> None:
    """Register services, or replace those of the same names in all that starts from now on.

    Of a directory the files service-*.json are read.
    Each fault of each file is told; what has none is registered all the same.
    Exit codes: 0 all are registered, 2 one is not.
    """
    from ergate.documents.definitions import service_document
    from ergate.services.directory import SERVICES

    with place.broker(orders="register services") as broker:
        register = catalog_of(place, broker).register_service
        done, is_all = register_files(files, SERVICES, register)
    for kept in done:
        _tell_of_hindrances(place, kept.service)
    if as_json:
        print_json([service_document(kept) for kept in done])
    else:
        for kept in done:
            print_line(f"service {kept.service.name} registered, version {kept.version[:12]}")
    if not is_all:
        raise typer.Exit(2)


def _tell_of_hindrances(place: Place, service: Service) -> None:
    from ergate.services.allowed import warnings_about

    for warning in warnings_about(service, place.settings):
        tell(f"warning: {warning}")


@app.command("list", epilog=examples_text("ergate services list", "ergate services list --json"))
@with_place
def list_services(place: Place, *, as_json: JsonOption = False) -> None:
    """List the registered services and the workflows that call them."""
    from ergate.display.definitions import services_table
    from ergate.documents.definitions import service_document

    with place.broker() as broker:
        catalog = catalog_of(place, broker)
        kept = catalog.services()
        users = {} if as_json else _users(catalog)
    if as_json:
        print_json([service_document(one) for one in kept])
    else:
        named = {name: ", ".join(callers) for name, callers in users.items()}
        show(services_table([one.service for one in kept], named))


def _users(catalog: Catalog) -> dict[str, list[str]]:
    """Return by service the workflows that call it."""
    users: dict[str, list[str]] = {}
    for workflow in catalog.workflows():
        for name in workflow.plan.services:
            users.setdefault(name, []).append(workflow.definition.name)
    return users


@app.command("show", epilog=examples_text("ergate services show upper --json"))
@with_place
def show_service(place: Place, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Show a service: where it is, what it takes and what it answers."""
    from ergate.display.definitions import service_panel
    from ergate.documents.definitions import service_document

    with place.broker() as broker:
        kept = catalog_of(place, broker).service(name)
    if as_json:
        print_json(service_document(kept))
    else:
        show(service_panel(kept.service, kept.version))


@app.command("delete", epilog=examples_text("ergate services delete upper"))
@with_place
def delete_service(place: Place, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Remove a service that no registered workflow calls; jobs that run keep it."""
    with place.broker(orders="remove services") as broker:
        removed = catalog_of(place, broker).remove_service(name)
    if as_json:
        print_json({"removed": removed})
    else:
        print_line(f"service {removed} removed")


# --- ping -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of asking a service."""

    service: Service
    status: int | None
    elapsed_s: float | None
    error: str | None

    @property
    def text(self) -> str:
        if self.elapsed_s is None:
            return self.error or ""
        return f"HTTP {self.status} after {self.elapsed_s * 1000:.0f} ms"

    def document(self) -> dict[str, object]:
        return {
            "name": self.service.name,
            "address": self.service.address,
            "reached": self.error is None,
            "status": self.status,
            "elapsed_s": self.elapsed_s,
            "error": self.error,
        }


@app.command(
    "ping", epilog=examples_text("ergate services ping", "ergate services ping upper --json")
)
@with_place
def ping_services(
    place: Place,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Only this service; else all.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Ask whether anything answers where services are, by the settings that calls are made with.

    Neither data nor secrets are sent, and any answer counts: most services know no HEAD.
    Exit codes: 0 all answer, 1 one does not.
    """
    from ergate.display.definitions import answers_table
    from ergate.services.calls import Calls

    with place.broker() as broker:
        catalog = catalog_of(place, broker)
        kept = catalog.services() if name is None else [catalog.service(name)]
    with Calls(place.settings).caller() as caller:
        answers = _ask_all(caller, [one.service for one in kept])
    if as_json:
        print_json([answer.document() for answer in answers])
    else:
        show(answers_table([(one.service, one.text, one.error is None) for one in answers]))
    if any(answer.error is not None for answer in answers):
        raise typer.Exit(1)


def _ask_all(caller: Caller, services: Sequence[Service]) -> list[_Answer]:
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(lambda service: _ask(caller, service), services))


def _ask(caller: Caller, service: Service) -> _Answer:
    from ergate.services.failures import ServiceFailure

    try:
        reached = caller.reach(service)
    except ServiceFailure as exc:
        return _Answer(service, None, None, str(exc))
    return _Answer(service, reached.status, reached.elapsed_s, None)
