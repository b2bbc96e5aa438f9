"""What an address says: where the server is, and which of our options are in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from ergate.contracts.address import Address
from ergate.errors import SettingsError, did_you_mean

DEFAULT_SCHEMA = "ergate"
_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,47}")
_OURS = ("schema", "notify")
_SWITCH = {"on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and a schema in one of its databases; its text is masked."""

    uri: str = field(repr=False)
    """What libpq gets; empty means its own defaults and the variables PGHOST, PGUSER and so on."""
    schema: str
    notify: bool
    """Whether connections keep their session: LISTEN, prepared statements and session settings."""
    label: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts that no message may contain."""

    @classmethod
    def of(cls, address: Address) -> Target:
        """Read an address. Raises `SettingsError` for options of ours that cannot be."""
        options = address.options
        schema = options.get("schema", DEFAULT_SCHEMA)
        if not _SCHEMA.fullmatch(schema) or schema.lower().startswith("pg_"):
            raise SettingsError(
                f"{address}: {schema!r} cannot be a schema's name. Use up to 48 letters, digits "
                'and underscores, beginning with a letter; "pg_" belongs to Postgres.'
            )
        return cls(_uri(address), schema, _switch(address), str(address), _secrets(address))


def _uri(address: Address) -> str:
    if address.is_bare:
        return ""
    kept = [pair for pair in address.query.split("&") if pair and not pair.startswith(_PREFIXES)]
    base = address.url.partition("://")[2].partition("?")[0]
    return f"postgresql://{base}" + ("?" + "&".join(kept) if kept else "")


_PREFIXES = tuple(f"{name}=" for name in _OURS)


def _switch(address: Address) -> bool:
    value = address.options.get("notify", "on").lower()
    if value not in _SWITCH:
        near = did_you_mean(value, _SWITCH)
        raise SettingsError(f"{address}: notify={value} is not known; use on or off.{near}")
    return _SWITCH[value]


def _secrets(address: Address) -> tuple[str, ...]:
    credentials = address.authority.rpartition("@")[0]
    raw = credentials.partition(":")[2]
    found = {raw, unquote(raw), _named(address.options)}
    return tuple(text for text in found if text)


def _named(options: Mapping[str, str]) -> str:
    return options.get("password", "")
