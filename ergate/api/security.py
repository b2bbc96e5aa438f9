"""Who may do what: the settings of the HTTP face's security."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ergate.settings import Settings

EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The token and what goes without it.

    Without a token nobody can change anything, and only this machine can read.
    """

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()
    """Names, without port, under which this server may be asked beside those of loopback."""
    read_only: bool = False
    session_s: float = 12 * 3600.0
    """How long a browser stays signed in."""

    @classmethod
    def of(cls, settings: Settings, *, read_only: bool = False) -> Security:
        """Return what the settings say; with `read_only` nothing may change in any case.

        The server may be asked under the name that it listens on, and that of `public_url`.
        """
        public = urlsplit(settings.public_url or "").netloc
        names = {settings.serve_host, public, *settings.allowed_hosts} - EVERYWHERE
        return cls(
            token=settings.token,
            hosts=frozenset(host_name(_bracketed(name)) for name in names if name),
            read_only=read_only or settings.read_only,
        )

    def allows_host(self, host: str) -> bool:
        """Return whether the value of a Host header names this server."""
        return host_name(host) in LOOPBACK_NAMES | self.hosts

    def is_token(self, given: str) -> bool:
        """Return whether this is the token, in a time that does not tell how much of it is."""
        if self.token is None:
            return False
        return hmac.compare_digest(_bytes(given), _bytes(self.token))


def host_name(host: str) -> str:
    """Return the name in a Host header, in lower case and without its port; "" for nonsense."""
    name, colon, port = host.lower().rpartition(":")
    if colon and port.isdigit():
        return name
    return host.lower() if not colon or host.endswith("]") else ""


def _bracketed(name: str) -> str:
    """Return a name as a Host header has it: an address of IPv6 in brackets."""
    return f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name


def is_loopback(address: str | None) -> bool:
    """Return whether a peer's address is this machine's own."""
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
