"""The one spelling of a host, and patterns that stand for several hosts.

A number as host (`2130706433`, `0x7f.1`) is refused: it means 127.0.0.1 to some programs and is a
name to others.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from ergate.services.faults import shown

IPAddress = IPv4Address | IPv6Address
_LOOPBACK = IPv4Address("127.0.0.1")

MAX_HOST = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_V6 = re.compile(r"[0-9a-fA-F.]*:[0-9a-fA-F:.]*(?:%.*)?")
# A host whose last label is a number is an IPv4 address to browsers and to inet_aton.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def canonical_host(text: str) -> str:
    """Return a host name or IP address (without brackets) in its one spelling.

    Raises `ValueError` with what is wrong, worded to go on after "the address".
    """
    if _V6.fullmatch(text):
        return _canonical_v6(text)
    if not text.isascii():
        text = _ascii_host(text)
    host = text.lower().removesuffix(".")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _canonical_v4(host)
    if len(host) > MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(
            f"has the host {shown(host)}, which is no name: it consists of labels of letters, "
            'digits, "-" and "_" with dots between them'
        )
    return host


def ip_of(host: str) -> IPAddress | None:
    """Return the IP address that a canonical host is, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def known_address(host: str) -> IPAddress | None:
    """Return the address that a host is without asking anybody; None for other names."""
    if host == "localhost" or host.endswith(".localhost"):
        return _LOOPBACK
    return ip_of(host)


def canonical_pattern(text: str) -> str:
    """Return a host, or `*.` and a host that stands for every name below it, in its one spelling.

    Raises `ValueError` as `canonical_host` does.
    """
    wildcard, host = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    return wildcard + canonical_host(host)


def patterns_of(host: str) -> Iterator[str]:
    """Yield every pattern that a canonical host fits: itself, and `*.` with each parent."""
    yield host
    _, dot, parent = host.partition(".")
    while dot and ip_of(host) is None:
        yield f"*.{parent}"
        _, dot, parent = parent.partition(".")


def _canonical_v4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise ValueError(
            f"has the host {shown(host)}, a number that not every program reads as the same "
            "address; write an IPv4 address as four decimal numbers without leading zeros"
        ) from None


def _canonical_v6(text: str) -> str:
    if "%" in text:
        raise ValueError("has a zone (%…): it is link-local, and those are never called")
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise ValueError(f"has {shown(text)} in brackets, which is no IPv6 address") from None


def _ascii_host(text: str) -> str:
    try:
        import idna
    except ImportError:
        raise ValueError("has a host that is not ASCII; write it in the form xn--…") from None
    try:
        # UTS 46 as in browsers: it maps full-width digits and dots first, which then are judged.
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError(f"has {shown(text)} in it, which is no international name") from None
