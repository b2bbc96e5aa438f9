"""`ergate migrate`: brings the state store's schema to this version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.options import (
    AppOption,
    JsonOption,
    ProfileOption,
    QueueOption,
    StateOption,
    examples_text,
    new_app,
)
from ergate.cli.place import Place, find_place
from ergate.cli.printing import print_json, print_line

if TYPE_CHECKING:
    from ergate.contracts.backend import Finding

app = new_app("Bring the schema up to date.")

NEWER = 4
BEHIND = 1


@app.command(
    epilog=examples_text(
        "ergate migrate",
        "ergate migrate --check",
        "ergate migrate --state sqlite:///jobs.db",
        "ergate migrate --print --state postgresql://db/shop > ergate.sql",
    )
)
def migrate(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; tell whether there is work to do.")
    ] = False,
    prints: Annotated[
        bool, typer.Option("--print", help="Change nothing; print the SQL that is missing.")
    ] = False,
    app_name: AppOption = None,
    queue: QueueOption = None,
    state: StateOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the state store's schema to this version.

    Safe to run again, and by many at once. Workers do this at their start too.
    Exit codes: 0 up to date, 1 with --check when it is behind, 4 when it is newer than this
    Ergate or cannot be reached.
    """
    place = find_place(app=app_name, queue=queue, state=state, profile=profile)
    if prints:
        print_line(_sql(place))
        return
    if not check:
        with place.broker():
            pass  # opening it is what brings the schema up
    findings = _schema_findings(place) if _has_schema(place) else [_no_schema()]
    if as_json:
        print_json([{"level": one.level, "detail": one.detail} for one in findings])
    else:
        for finding in findings:
            print_line(f"Schema: {finding.detail}")
    levels = {finding.level for finding in findings}
    raise typer.Exit(NEWER if "problem" in levels else BEHIND if "warning" in levels else 0)


def _sql(place: Place) -> str:
    from ergate.cli.addresses import addresses
    from ergate.errors import Unsupported
    from ergate.plugins.resolve import resolve_backend

    role, address = addresses(place)[0]
    backend, address = resolve_backend(address, role)
    if backend.schema_sql is None:
        raise Unsupported(
            f"{address} has no schema that a person could make with SQL: `ergate migrate` without "
            "--print brings it up to date, and so does each worker at its start."
        )
    return backend.schema_sql(address).rstrip()


def _has_schema(place: Place) -> bool:
    from ergate.cli.addresses import addresses
    from ergate.plugins.resolve import resolve_backend

    role, address = addresses(place)[0]
    return resolve_backend(address, role)[0].open_store is not None


def _no_schema() -> Finding:
    from ergate.contracts.backend import Finding

    return Finding(level="ok", subject="schema", detail="a journal has none")


def _schema_findings(place: Place) -> list[Finding]:
    from ergate.cli.addresses import addresses, backend_findings
    from ergate.contracts.backend import Finding

    role, address = addresses(place)[0]
    found = backend_findings(address, role)
    # Other problems are for the doctor: a schema that is up to date must not look refused.
    about = [one for one in found if one.subject == "schema"]
    about = about or [one for one in found if one.level == "problem"]
    return about or [Finding(level="ok", subject="schema", detail="made at first use")]
