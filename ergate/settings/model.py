"""Every setting: those of the engine, and those of services, definitions and the HTTP face."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from ergate.contracts.address import redact_url
from ergate.settings import values
from ergate.settings.engine import EngineSettings, form

ADDRESSES = frozenset({"queue", "state_store", "publish_to"})
"""Values that may hold a password within a URL."""
SECRETS = frozenset({"credentials", "signing_keys", "token"})
"""Values of which nothing is shown."""
HIDDEN = "***"


class Settings(EngineSettings):
    """What the app, the workers and the command line go by; immutable once loaded.

    Times are in seconds. `Settings()` holds only defaults; `load_settings` reads the sources.
    """

    definitions: Annotated[
        str | None,
        Field(
            description="A directory of definitions, registered when workers or `serve` start.",
            json_schema_extra=form("the path of a directory"),
        ),
    ] = None
    allowed_services: Annotated[
        values.Entries,
        Field(
            description="Which addresses of services may be called.",
            json_schema_extra=form(
                '"public", "private", "loopback", networks and hosts, as a list or separated by '
                "commas"
            ),
        ),
    ] = ["public"]
    credentials: Annotated[
        values.Tables,
        Field(
            description="Secrets for services, by name: tables `[credentials.NAME]`.",
            json_schema_extra=form("tables such as [credentials.payments]"),
        ),
    ] = {}
    services_ca_file: Annotated[
        str | None,
        Field(
            description="Certificates of authorities that services are trusted by, beside the "
            "usual ones.",
            json_schema_extra=form("the path of a PEM file"),
        ),
    ] = None
    signing_keys: Annotated[
        values.Entries,
        Field(
            description="Keys that webhooks and callback addresses are signed with; the first "
            "one counts, and while keys change webhooks bear a signature of each.",
            json_schema_extra=form("texts that begin with whsec_, as a list or with commas"),
        ),
    ] = []
    public_url: Annotated[
        values.BaseUrl | None,
        Field(
            description="Where services reach `ergate serve`, to tell the end of long work.",
            json_schema_extra=form("a URL such as https://ergate.example"),
        ),
    ] = None
    serve_host: Annotated[
        str,
        Field(
            description="The address that `ergate serve` listens on; others than loopback need a "
            "token.",
            json_schema_extra=form("a host or an IP address"),
        ),
    ] = "127.0.0.1"
    serve_port: Annotated[
        int,
        Field(
            ge=0,
            le=65535,
            description="The port that `ergate serve` listens on; 0 means any free one.",
            json_schema_extra=form("a whole number from 0 to 65535"),
        ),
    ] = 8700
    token: Annotated[
        values.Token | None,
        Field(
            description="What callers of `ergate serve` show to change anything.",
            json_schema_extra=form("a text of at least 16 printable ASCII characters"),
        ),
    ] = None
    read_only: Annotated[
        bool,
        Field(
            description="Whether `ergate serve` only shows and changes nothing.",
            json_schema_extra=form("true or false"),
        ),
    ] = False
    allowed_hosts: Annotated[
        values.Entries,
        Field(
            description="Names under which `ergate serve` may be asked beside those of loopback, "
            "as behind a proxy.",
            json_schema_extra=form("host names, as a list or separated by commas"),
        ),
    ] = []

    def __repr_args__(self) -> Iterable[tuple[str | None, object]]:
        for name, value in super().__repr_args__():
            yield name, shown_value(name or "", value)


def shown_value(name: str, value: object) -> object:
    """Return the value of a setting as it may be shown: without passwords and secrets."""
    if name in SECRETS:
        return HIDDEN if value else value
    return _masked(value) if name in ADDRESSES else value


def _masked(value: object) -> object:
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return redact_url(value) if isinstance(value, str) else value


def expected_form(name: str) -> str:
    """Return the form that a setting's value must have, for error messages and documentation."""
    extra = Settings.model_fields[name].json_schema_extra
    return str(extra["expected"]) if isinstance(extra, dict) else ""
