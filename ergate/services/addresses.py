"""Where a service is: one way to write a URL, so that no two programs can read it differently.

What is odd is refused and not repaired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from ergate.contracts.redaction import redact_url
from ergate.services.faults import shown
from ergate.services.hosts import canonical_host

MAX_LENGTH = 2048
HIGHEST_PORT = 65535
_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>.*)")
_BRACKETS = re.compile(r"\[(?P<host>[^\]]*:[^\]]*)\](?::(?P<port>.*))?")
_PORT = re.compile(r"[0-9]{1,5}")
_TARGET_CHARACTERS = "/?%:@!$&'()*+,;=~[]"


@dataclass(frozen=True, slots=True, repr=False)
class ServiceAddress:
    """An http or https URL in its canonical spelling.

    `host` is lower-case ASCII without a final dot, or an IP address without brackets.
    `target` is the path and the query. Both `str()` and `repr()` mask secrets of the query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> ServiceAddress:
        """Read a URL; asks no resolver and allows or forbids no host.

        Raises `ValueError` with what is wrong, worded to go on after "the address"; it quotes no
        more than the host.
        """
        _check_characters(text)
        match = _URL.fullmatch(text)
        if match is None:
            raise ValueError("must be a URL such as https://host:port/path")
        scheme = match["scheme"].lower()
        if scheme not in _PORTS:
            raise ValueError(f"must begin with http:// or https://, not with {shown(scheme)}")
        if "@" in match["authority"]:
            raise ValueError(
                "has a user name or password in it; name a credential of the settings instead"
            )
        if "#" in match["target"]:
            raise ValueError("ends in a fragment (#…), which is not sent to a service")
        host, port = _host_and_port(match["authority"])
        target = quote(match["target"], safe=_TARGET_CHARACTERS)
        return cls(
            scheme,
            host,
            _PORTS[scheme] if port is None else port,
            target if target.startswith("/") else f"/{target}",
        )

    @property
    def url(self) -> str:
        """The whole URL, with whatever secrets its query holds."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"

    @property
    def is_encrypted(self) -> bool:
        """Whether the call travels under TLS."""
        return self.scheme == "https"

    def __str__(self) -> str:
        return redact_url(self.url)

    def __repr__(self) -> str:
        return f"ServiceAddress({str(self)!r})"


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"has {len(text):,} characters, and at most {MAX_LENGTH:,} are taken")
    if any(not c.isprintable() or c.isspace() or c == "\\" for c in text):
        raise ValueError("holds white space, a backslash or a control character")


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if authority.startswith("[") or authority.count(":") > 1:
        match = _BRACKETS.fullmatch(authority)
        if match is None:
            raise ValueError("must have an IPv6 address in brackets, as in http://[::1]:8080/")
        host, port = match["host"], match["port"]
    else:
        host, colon, rest = authority.partition(":")
        port = rest if colon else None
    if not host:
        raise ValueError("names no host")
    return canonical_host(host), None if port is None else _port(port)


def _port(text: str) -> int:
    if _PORT.fullmatch(text) and 0 < int(text) <= HIGHEST_PORT:
        return int(text)
    # Not quoted: in `http://user:password/` a password stands where the port belongs.
    raise ValueError(f"has a port that is no number from 1 to {HIGHEST_PORT}")
