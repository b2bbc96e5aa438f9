"""`ergate backends`: what jobs can be kept in, and whether it answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.options import JsonOption, ProfileOption, examples_text, new_app
from ergate.cli.place import find_place
from ergate.cli.printing import print_json, show, tell

if TYPE_CHECKING:
    from ergate.contracts.backend import Finding
    from ergate.plugins.registry import Registration
    from ergate.plugins.resolve import Role

app = new_app("What jobs can be kept in.", "ergate backends list", "ergate backends check")


@app.callback()
def backends() -> None:
    """See what jobs can wait and be kept in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One backend, installed or not."""

    name: str
    schemes: list[str]
    roles: list[str]
    level: str
    installed: bool
    distribution: str
    """What brought it, or the command that would."""
    summary: str


@app.command("list", epilog=examples_text("ergate backends list", "ergate backends list --json"))
def list_backends(*, as_json: JsonOption = False) -> None:
    """List the backends that are installed, and those that a command would install."""
    from ergate.plugins.manager import installed_plugins

    plugins = installed_plugins()
    rows = [_installed(one) for one in plugins.registry.registrations]
    rows += _missing({row.name for row in rows})
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        _show_table(rows)
    for problem in (*plugins.problems, *plugins.registry.conflicts):
        tell(f"warning: {problem}")


def _installed(registration: Registration) -> Row:
    backend = registration.backend
    roles = {
        "queue": backend.open_queue is not None,
        "state store": backend.open_store is not None,
        "journal": backend.open_journal is not None,
    }
    return Row(
        name=backend.name,
        schemes=[f"{name}://" for name in backend.names],
        roles=[role for role, has_it in roles.items() if has_it],
        level=backend.level,
        installed=True,
        distribution=registration.distribution,
        summary=backend.summary,
    )


def _missing(installed: set[str]) -> list[Row]:
    from ergate.plugins.official import OFFICIAL, OFFICIAL_NAMES, install_command

    return [
        Row(
            name=name,
            schemes=[f"{scheme}://" for scheme, of in OFFICIAL.items() if of == name],
            roles=[],
            level="",
            installed=False,
            distribution=install_command(name),
            summary="",
        )
        for name in OFFICIAL_NAMES
        if name not in installed
    ]


def _show_table(rows: list[Row]) -> None:
    from ergate.display.escape import safe
    from ergate.display.styles import QUIET
    from ergate.display.tables import new_table

    table = new_table("name", "addresses*", "roles", "level", "from", "summary*")
    for row in rows:
        cells = (row.name, " ".join(row.schemes), ", ".join(map(_shown_role, row.roles)), row.level)
        style = "" if row.installed else QUIET
        origin = row.distribution if row.installed else f"not installed: {row.distribution}"
        table.add_row(*(safe(cell, style) for cell in (*cells, origin, row.summary)))
    show(table)


def _shown_role(role: str) -> str:
    return "journal (at least once)" if role == "journal" else role


@app.command(
    epilog=examples_text(
        "ergate backends check",
        "ergate backends check sqlite:///jobs.db",
        "ergate backends check redis://cache:6379 --json",
    )
)
def check(
    *,
    address: Annotated[
        str | None,
        typer.Argument(metavar="ADDRESS", help="A name or a URL; else those of the settings."),
    ] = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a backend's version, settings and state, without changing anything.

    Exit codes: 0 well, 1 a problem was found, 2 no such backend, 4 it does not answer.
    """
    from ergate.cli.addresses import addresses, backend_findings, finding_document, show_findings
    from ergate.contracts.address import Address

    asked: list[tuple[Role, Address]]
    if address is not None:
        asked = [("queue", Address.parse(address))]
    else:
        asked = addresses(find_place(profile=profile))
    found = {str(place): list(backend_findings(place, role)) for role, place in asked}
    if as_json:
        listed = {name: [finding_document(one) for one in all_] for name, all_ in found.items()}
        print_json([{"address": name, "findings": all_} for name, all_ in listed.items()])
    else:
        for name, all_ in found.items():
            show_title(name)
            show_findings(all_)
    raise typer.Exit(_exit_code([one for all_ in found.values() for one in all_]))


def show_title(title: str) -> None:
    """Print a title above findings."""
    from ergate.display.escape import safe
    from ergate.display.styles import TITLE

    show(safe(title, TITLE))


def _exit_code(findings: list[Finding]) -> int:
    return 1 if any(one.level == "problem" for one in findings) else 0
