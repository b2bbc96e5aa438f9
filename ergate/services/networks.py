"""What an IP address leads to: the public Internet, a private network, or nowhere we may go.

Written out as tables, because what `ipaddress` calls global or private differs between versions
of Python: 3.11 takes 64:ff9b::7f00:1, which is 127.0.0.1 behind NAT64, for global.
Source: the registries of special-purpose addresses of IANA (RFC 6890 and its successors).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from ergate.services.hosts import IPAddress

Network = IPv4Network | IPv6Network


class Reach(StrEnum):
    """Where packets to an address go."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    NEVER = "never"
    """Metadata of a cloud, link-local, multicast, reserved: no list can allow it."""


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


NEVER = _networks(
    "0.0.0.0/8",  # "this host": Linux connects it to loopback
    "169.254.0.0/16",  # link-local; metadata of AWS, Google, Azure, OpenStack and others
    "100.100.100.200/32",  # metadata of Alibaba Cloud
    "168.63.129.16/32",  # the host agent of Azure, at an address that looks public
    "192.0.0.192/32",  # metadata of Oracle Cloud at Customer
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "::/128",
    "fe80::/10",  # link-local
    "fd00:ec2::/32",  # metadata and credentials of AWS, such as fd00:ec2::254 and ::23
    "fd20:ce::/32",  # metadata of Google Cloud
    "fd00:42::42/128",  # metadata of Scaleway
    "ff00::/8",  # multicast
)
_LOOPBACK = _networks("127.0.0.0/8", "::1/128")
_PRIVATE_V4 = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",  # shared by customers of one provider
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
)
# Of IPv6 only what was given out for the Internet is public; whatever else there is needs listing.
_PUBLIC_V6 = _networks("2000::/3", "64:ff9b::/96")
_SPECIAL_V6 = _networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

# Where an IPv6 address carries an IPv4 address that the packet ends at, in bits from the right.
_CARRIERS = (
    (IPv6Network("::/96"), 0),  # IPv4-compatible, given up
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 within one network
    (IPv6Network("2002::/16"), 80),  # 6to4
    (IPv6Network("2001::/32"), 64),  # Teredo: its server
)
_TEREDO = IPv6Network("2001::/32")
_ISATAP = (0x00005EFE, 0x02005EFE)
_LOW = 0xFFFFFFFF


def unfolded(address: IPAddress) -> tuple[IPAddress, ...]:
    """Return every address that a packet to `address` may end at; each of them is to be judged.

    An IPv4-mapped address is only its IPv4 address; others stay, followed by what they carry.
    """
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    return (address, *_carried(address))


def reach_of(address: IPAddress) -> Reach:
    """Return where packets to one address go, whatever address it carries."""
    if _is_in(address, NEVER):
        return Reach.NEVER
    if _is_in(address, _LOOPBACK):
        return Reach.LOOPBACK
    if isinstance(address, IPv4Address):
        return Reach.PRIVATE if _is_in(address, _PRIVATE_V4) else Reach.PUBLIC
    is_public = _is_in(address, _PUBLIC_V6) and not _is_in(address, _SPECIAL_V6)
    return Reach.PUBLIC if is_public else Reach.PRIVATE


def _carried(address: IPv6Address) -> Iterator[IPv4Address]:
    value = int(address)
    if value <= 1:  # "::" and "::1" are no IPv4 addresses
        return
    for network, shift in _CARRIERS:
        if address in network:
            yield IPv4Address(value >> shift & _LOW)
    if address in _TEREDO:  # its client, whose bits are turned over
        yield IPv4Address(~value & _LOW)
    if value >> 32 & _LOW in _ISATAP:
        yield IPv4Address(value & _LOW)


def _is_in(address: IPAddress, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
