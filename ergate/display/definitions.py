"""Registered services as the command line shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from ergate.display.escape import escape, fit, safe
from ergate.display.figures import NOTHING
from ergate.display.styles import BAD, GOOD, QUIET, TITLE
from ergate.display.tables import new_table
from ergate.services.fields import Field
from ergate.services.service import Service

_LONGEST = 120


def services_table(services: Sequence[Service], users: Mapping[str, str]) -> RenderableType:
    """Return services, one in a line, with the workflows that call each."""
    if not services:
        return Text("No services.", style=QUIET)
    table = new_table("service", "address*", "takes*", "answers*", "called by*")
    for service in services:
        table.add_row(
            safe(service.name),
            Text(fit(service.address, _LONGEST)),
            safe(_names(service.inputs), QUIET),
            safe(_names(service.outputs), QUIET),
            safe(users.get(service.name) or NOTHING, QUIET),
        )
    return table


def service_panel(service: Service, version: str) -> RenderableType:
    """Return all about one service."""
    title = Text(escape(service.name), TITLE).append_text(safe(f"  {service.address}"))
    facts = [
        *([service.description] if service.description else []),
        *([f"credential {service.credential}"] if service.credential else []),
        *([f"at most {service.timeout_s:g} s"] if service.timeout_s is not None else []),
        *([f"errors {', '.join(service.errors)}"] if service.errors else []),
        f"version {version[:12]}",
    ]
    table = new_table("field", "name", "type", "needed", "description*")
    for way, fields in (("takes", service.inputs), ("answers", service.outputs)):
        for field in fields:
            table.add_row(
                Text(way, QUIET),
                safe(field.name),
                safe(field.type),
                Text("yes" if field.is_needed else "no", QUIET),
                Text(fit(field.description or NOTHING, _LONGEST)),
            )
    return Group(title, *(Text(escape(fact), QUIET) for fact in facts), table)


def answers_table(rows: Sequence[tuple[Service, str, bool]]) -> RenderableType:
    """Return services with what became of asking each of them."""
    if not rows:
        return Text("No services.", style=QUIET)
    table = new_table("service", "address", "answer*")
    for service, said, is_reached in rows:
        style = GOOD if is_reached else BAD
        table.add_row(safe(service.name), safe(service.address), safe(said, style))
    return table


def _names(fields: Sequence[Field]) -> str:
    return ", ".join(field.name for field in fields) or NOTHING
