"""Which addresses may be called: the operator's list, judged after the name was resolved."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from ergate.errors import SettingsError
from ergate.services.hosts import IPAddress, canonical_pattern, patterns_of
from ergate.services.networks import NEVER, Network, Reach, reach_of, unfolded

SETTING = "allowed_services"
"""The setting that holds the list, as messages name it."""

DEFAULT_ENTRIES = ("public",)

_FORM = (
    '"public", "private", "loopback", a network such as 10.0.0.0/8, an address, or a host '
    "such as billing.internal or *.example.com"
)
_WORDS = {
    Reach.PUBLIC: {Reach.PUBLIC},
    Reach.PRIVATE: {Reach.PRIVATE, Reach.LOOPBACK},
    Reach.LOOPBACK: {Reach.LOOPBACK},
}


@dataclass(frozen=True, slots=True)
class AllowList:
    """What may be called: exactly what is listed, by default every public address.

    A network allows the addresses in it. A host allows the public and private addresses that its
    name resolves to, but loopback only as `localhost`: whoever answers for a name in DNS shall
    not choose what is reached on this machine. `private` includes loopback.
    Metadata services of clouds, link-local and multicast addresses are never allowed.
    """

    reaches: frozenset[Reach]
    networks: tuple[Network, ...]
    hosts: frozenset[str]

    @classmethod
    def parse(cls, entries: Iterable[str] = DEFAULT_ENTRIES) -> Self:
        """Read the entries of the setting; raises `SettingsError` that names a wrong one."""
        reaches: set[Reach] = set()
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in entries:
            text = entry.strip().lower()
            word = next((word for word in _WORDS if word == text), None)
            network = _network(text)
            if word is not None:
                reaches |= _WORDS[word]
            elif network is not None:
                networks.append(network)
            else:
                hosts.add(_host(entry))
        return cls(frozenset(reaches), tuple(networks), frozenset(hosts))

    def refusal(self, host: str, addresses: Sequence[IPAddress]) -> str | None:
        """Return why `host`, which resolved to `addresses`, may not be called; None if it may.

        One forbidden address among them forbids the host: which one is used is left to chance.
        """
        for address in addresses:
            for part in unfolded(address):
                reason = self._refusal_of(host, part)
                if reason is not None:
                    return f"{_named(host, address, part)} {reason}"
        return None

    def _refusal_of(self, host: str, address: IPAddress) -> str | None:
        reach = reach_of(address)
        if reach is Reach.NEVER:
            return "is a metadata, link-local or reserved address, which is never called"
        if reach in self.reaches or any(address in network for network in self.networks):
            return None
        if self._vouches_for(host, reach):
            return None
        kind = "public, and public addresses are" if reach is Reach.PUBLIC else f"{reach} and"
        return f"is {kind} not on the list of the setting {SETTING}"

    def _vouches_for(self, host: str, reach: Reach) -> bool:
        if not any(name in self.hosts for name in patterns_of(host)):
            return False
        return reach is not Reach.LOOPBACK or host == "localhost" or host.endswith(".localhost")


def _named(host: str, address: IPAddress, part: IPAddress) -> str:
    name = str(address) if host == str(address) else f"{host} ({address})"
    return name if part == address else f"{name} leads to {part}, which"


def _network(text: str) -> Network | None:
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        return None
    network = interface.network
    if interface.ip != network.network_address:
        raise SettingsError(
            f'{SETTING}: "{text}" is an address within a network. '
            f'Write "{network}" for the network, or "{interface.ip}" for the address.'
        )
    if any(network.version == n.version and network.subnet_of(n) for n in NEVER):  # type: ignore[arg-type]  # the versions are equal
        raise SettingsError(
            f'{SETTING}: "{text}" cannot be allowed: metadata services of clouds, link-local, '
            "multicast and reserved addresses are never called."
        )
    return network


def _host(entry: str) -> str:
    try:
        return canonical_pattern(entry.strip())
    except ValueError as exc:
        raise SettingsError(f'{SETTING}: the entry "{entry}" {exc}. Write {_FORM}.') from exc
