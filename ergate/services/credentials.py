"""Secrets for services, by name: they stand in settings, environment or files, never elsewhere.

    [credentials.payments]
    type = "bearer"                     # or "basic" (user, password) or "header" (header, value)
    token_env = "PAYMENTS_TOKEN"        # or token_file = "/run/secrets/payments", or token = "…"
    hosts = ["payments.example.com"]

`hosts` is asked for because whoever may register a service could otherwise have any secret sent
to an address of their own. `"*"` stands for every host.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from ergate.errors import SettingsError, did_you_mean
from ergate.services.hosts import canonical_pattern, patterns_of

_TYPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"bearer": ("token",), "basic": ("user", "password"), "header": ("header", "value")}
)
_PLAIN = frozenset({"user", "header"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# What a call sets itself; a credential in one of them would change what is sent, not who sends it.
_OURS = frozenset(
    {"accept", "accept-encoding", "connection", "content-encoding", "content-length"}
    | {"content-type", "host", "idempotency-key", "te", "traceparent", "transfer-encoding"}
    | {"trailer", "upgrade", "user-agent"}
)
_MAX_FILE = 64 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """One secret, as the header that carries it and the hosts that may see it."""

    name: str
    header: str
    value: str
    hosts: frozenset[str]
    secrets: tuple[str, ...]
    """Every text that must not be shown."""

    def may_go_to(self, host: str) -> bool:
        """Whether a canonical host may be sent this credential."""
        return not self.hosts.isdisjoint(("*", *patterns_of(host)))

    def __repr__(self) -> str:
        return f"Credential({self.name!r}, header={self.header!r})"


class Credentials:
    """The credentials of the settings by their names; shows only the names."""

    def __init__(self, credentials: Sequence[Credential] = ()) -> None:
        self._by_name = {credential.name: credential for credential in credentials}

    @classmethod
    def read(cls, tables: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Self:
        """Read the tables `[credentials.NAME]`, with what they name in environment and files.

        Raises `SettingsError` that names the credential and the key, and never shows a value.
        """
        environ = os.environ if environ is None else environ
        return cls([_Table(name, table, environ).credential() for name, table in tables.items()])

    def find(self, name: str) -> Credential:
        """Return a credential; raises `SettingsError` when the settings have none of this name."""
        if name in self._by_name:
            return self._by_name[name]
        known = ", ".join(sorted(self._by_name)) or "none"
        raise SettingsError(
            f'the settings have no credential "{name}". Known: {known}.'
            f"{did_you_mean(name, self._by_name)} Write a table [credentials.{name}]."
        )

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._by_name))

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self)})"


class _Table:
    """One table of the settings while it is read."""

    def __init__(self, name: str, table: object, environ: Mapping[str, str]) -> None:
        self._name = name
        if not isinstance(table, Mapping):
            raise self._fault('must be a table, such as { type = "bearer", token_env = "…" }')
        self._table: Mapping[str, object] = table
        self._environ = environ

    def credential(self) -> Credential:
        kind = self._table.get("type")
        if not isinstance(kind, str) or kind not in _TYPES:
            raise self._fault(f"needs a type, one of: {', '.join(_TYPES)}")
        self._check_keys(kind)
        first, *rest = (self._text(key) for key in _TYPES[kind])
        if kind == "basic" and ":" in first:
            raise self._fault("has a colon in its user, which ends the name there")
        if kind == "header":
            self._check_header(first)
        header, value, secrets = _carried(kind, first, *rest)
        return Credential(self._name, header, value, self._hosts(), secrets)

    def _check_keys(self, kind: str) -> None:
        spelt = [
            [key] if key in _PLAIN else [key, f"{key}_env", f"{key}_file"] for key in _TYPES[kind]
        ]
        known = ["type", "hosts", *(key for keys in spelt for key in keys)]
        for key in self._table:
            if key not in known:
                raise self._fault(
                    f'has the unknown key "{key}".{did_you_mean(key, known)} '
                    f"Known: {', '.join(known)}"
                )
        for keys in spelt:
            if sum(key in self._table for key in keys) != 1:
                raise self._fault(f"needs exactly one of: {', '.join(keys)}")

    def _text(self, key: str) -> str:
        for spelt, read in (
            (key, lambda text: text),
            (f"{key}_env", self._from_environment),
            (f"{key}_file", self._from_file),
        ):
            if spelt in self._table:
                text = self._table[spelt]
                if not isinstance(text, str):
                    raise self._fault(f"must have a text as {spelt}")
                return self._checked(spelt, read(text))
        raise AssertionError(key)

    def _from_environment(self, variable: str) -> str:
        if variable not in self._environ:
            raise self._fault(f"names the environment variable {variable}, which is not set")
        return self._environ[variable]

    def _from_file(self, path: str) -> str:
        try:
            with Path(path).expanduser().open("rb") as file:
                return file.read(_MAX_FILE).decode("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is no UTF-8"
            raise self._fault(f'names the file "{path}", which cannot be read: {reason}') from None

    def _checked(self, key: str, text: str) -> str:
        # A line break would end the header, and what follows it would be sent as another.
        if not text or not text.isprintable() or not text.isascii() or text != text.strip():
            raise self._fault(
                f"has a value of {key} that no header can carry: it must be ASCII without line "
                "breaks, and without space around it"
            )
        return text

    def _check_header(self, header: str) -> None:
        if not _HEADER_NAME.fullmatch(header):
            raise self._fault(f'has "{header[:60]}" as header, which is no name of a header')
        if header.lower() in _OURS:
            raise self._fault(
                f'cannot travel in the header "{header}", which every call sets itself'
            )

    def _hosts(self) -> frozenset[str]:
        hosts = self._table.get("hosts")
        if not isinstance(hosts, list) or not hosts or not all(isinstance(h, str) for h in hosts):
            raise self._fault(
                'needs hosts, the list of those that may see it, such as ["api.example.com"], '
                'or ["*"] for every host that may be called'
            )
        return frozenset(self._host(host) for host in hosts)

    def _host(self, text: str) -> str:
        if text == "*":
            return text
        try:
            return canonical_pattern(text)
        except ValueError as exc:
            raise self._fault(f'has the entry "{text[:60]}" among its hosts, which {exc}') from None

    def _fault(self, what: str) -> SettingsError:
        return SettingsError(f'The credential "{self._name}" of the settings {what}.')


def _carried(kind: str, first: str, second: str = "") -> tuple[str, str, tuple[str, ...]]:
    if kind == "bearer":
        return "Authorization", f"Bearer {first}", (first,)
    if kind == "basic":
        encoded = base64.b64encode(f"{first}:{second}".encode()).decode("ascii")
        return "Authorization", f"Basic {encoded}", (second, f"{first}:{second}", encoded)
    # Of "Token abc" a reply may quote only the second word.
    return first, second, (second, *second.split()[1:])
