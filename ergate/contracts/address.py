"""Where a backend is: a name such as `sqlite`, or a URL such as `redis://cache:6379/0`.

An address may carry passwords, so its text is never shown by accident: `str()` and `repr()` are
masked, and only `url` tells everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import unquote

from ergate.contracts.redaction import looks_like_hosts, redact, redact_url
from ergate.errors import SettingsError, did_you_mean

__all__ = ["Address", "redact", "redact_url"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+_-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_FORM = (
    "Write a backend's name, or a URL of the form SCHEME://HOST:PORT/PATH?OPTION=VALUE. "
    "See `ergate backends list`."
)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """The address of a queue or a state store; two are equal when their full texts are.

    `scheme` is the lower-case URL scheme, or the backend's name when only that was given.
    `path` is percent-decoded and lacks the slash after the host: `sqlite:///jobs.db` is the
    relative `jobs.db`, `sqlite:////srv/jobs.db` is the absolute `/srv/jobs.db`.
    `authority` is the raw text before the path: credentials, hosts and ports, still encoded.
    """

    url: str
    scheme: str
    authority: str = field(default="", compare=False)
    path: str = field(default="", compare=False)
    query: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a backend's name or a URL; does not look whether such a backend exists.

        Raises `SettingsError` for what is neither; the message masks secrets.
        """
        url = text.strip()
        if _NAME.fullmatch(url):
            return cls(url=url, scheme=url.lower())
        scheme, separator, rest = url.partition("://")
        _check_url(url, scheme, separator)
        base, _, query = rest.partition("?")
        authority, _, path = base.partition("/")
        _check_authority(url, authority, rest)
        return cls(url, scheme.lower(), authority, unquote(path), query)

    @property
    def options(self) -> dict[str, str]:
        """The query parameters, percent-decoded; `+` stays a plus, the last of a name counts."""
        pairs = (item.partition("=") for item in self.query.split("&") if item)
        return {unquote(name): unquote(value) for name, _, value in pairs}

    def check_options(self, known: Collection[str]) -> None:
        """Raise `SettingsError` for an option that is none of these, with the nearest of them."""
        for name in self.options:
            if name not in known:
                near = did_you_mean(name, known)
                raise SettingsError(f"{self} has the unknown option {name!r}.{near}")

    @property
    def is_bare(self) -> bool:
        """Whether only a backend's name was given, so that its defaults apply."""
        return "://" not in self.url

    def __str__(self) -> str:
        return redact_url(self.url)

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"


def _check_url(url: str, scheme: str, separator: str) -> None:
    if not url:
        raise SettingsError(f"An empty text is no backend address. {_FORM}")
    shown = redact_url(url)
    if not separator or not _SCHEME.fullmatch(scheme):
        raise SettingsError(f'"{shown}" is no backend address. {_FORM}')
    if any(character.isspace() or not character.isprintable() for character in url):
        raise SettingsError(
            f'"{shown}" is no backend address: it contains white space or a control character. '
            'Percent-encode it, for example " " as "%20".'
        )


def _check_authority(url: str, authority: str, rest: str) -> None:
    # A raw "/" or "?" in a password ends the host part early. Connecting to half a password
    # would print it in every error of the client library, so it is refused here.
    hosts = authority.rpartition("@")[2]
    if looks_like_hosts(hosts):
        return
    why = f'"{redact_url(url)}" is no backend address: '
    if "@" in rest[len(authority) :]:
        raise SettingsError(
            f'{why}a character such as "/" or "?" ends the host part before its "@". '
            'In a password, percent-encode them: "/" as "%2F", "?" as "%3F", "@" as "%40".'
        )
    raise SettingsError(f"{why}a host or a port in it cannot be read. {_FORM}")
