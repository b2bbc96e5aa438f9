"""No text, however odd, is an address to us and another one to somebody else."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ergate.services.addresses import ServiceAddress
from ergate.services.hosts import canonical_host, ip_of
from ergate.services.networks import Reach, reach_of, unfolded

NUMBERS = st.text("0123456789abcdefxX.", min_size=1, max_size=20)
ODD = st.text("ahtp:/[]@#?%\\.0127x\u3002\uff11\u00ad ;&=-_", max_size=30)
DEFAULT_PORTS = {"http": 80, "https": 443}


def parsed(text: str) -> ServiceAddress | None:
    try:
        return ServiceAddress.parse(text)
    except ValueError:
        return None


@settings(max_examples=500)
@given(NUMBERS)
@example("0x7f.1")
@example("127.1")
@example("0177.0.0.01")
def test_a_host_that_inet_aton_reads_as_an_address_is_one_to_us_too(text: str) -> None:
    try:
        host = canonical_host(text)
    except ValueError:
        return
    try:
        packed = socket.inet_aton(host)
    except OSError:
        assert ip_of(host) is None
    else:
        assert host == str(ipaddress.IPv4Address(packed))


@settings(max_examples=500)
@given(st.one_of(ODD.map("http://".__add__), ODD, NUMBERS.map("http://{}/".format), st.text()))
@example("http://[::1]\\@h/")
@example("http://h\u3002a/")
def test_other_programs_read_the_same_host_in_what_we_accept(text: str) -> None:
    address = parsed(text)
    if address is None:
        return
    theirs, split = httpx.URL(address.url), urlsplit(address.url)
    assert theirs.raw_host.decode() == split.hostname == address.host
    port = address.port
    assert (theirs.port or DEFAULT_PORTS[address.scheme]) == port
    assert (split.port or DEFAULT_PORTS[address.scheme]) == port
    assert (theirs.userinfo, split.username, theirs.fragment) == (b"", None, "")
    assert parsed(address.url) == address


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_found_in_each_of_its_disguises(address: ipaddress.IPv4Address) -> None:
    value = int(address)
    if value <= 1:
        return  # "::" and "::1" are addresses of their own
    disguises = [
        value,
        0xFFFF << 32 | value,
        0xFFFF << 48 | value,
        0x64FF9B << 96 | value,
        0x64FF9B0001 << 80 | value,
        0x2002 << 112 | value << 80,
        0x2001 << 112 | value << 64,
        0x2001 << 112 | value ^ 0xFFFFFFFF,
        0x2606 << 112 | 0x5EFE << 32 | value,
    ]
    for disguise in disguises:
        assert address in unfolded(ipaddress.IPv6Address(disguise))


@given(st.ip_addresses())
def test_what_we_call_public_is_never_private_to_python(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Except for NAT64, where what it carries is judged too."""
    if reach_of(address) is Reach.PUBLIC and address not in ipaddress.ip_network("64:ff9b::/96"):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved
