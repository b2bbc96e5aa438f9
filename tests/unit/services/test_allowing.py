"""What may be called is judged by the addresses that a name resolved to."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from ergate.errors import SettingsError
from ergate.services.allowing import AllowList
from ergate.services.networks import Reach, reach_of, unfolded

REACHES = {
    "1.1.1.1": Reach.PUBLIC,
    "8.8.8.8": Reach.PUBLIC,
    "172.15.255.255": Reach.PUBLIC,
    "172.32.0.0": Reach.PUBLIC,
    "2606:4700::1111": Reach.PUBLIC,
    "64:ff9b::101:101": Reach.PUBLIC,
    "10.0.0.1": Reach.PRIVATE,
    "172.16.0.1": Reach.PRIVATE,
    "172.31.255.255": Reach.PRIVATE,
    "192.168.1.1": Reach.PRIVATE,
    "100.64.0.1": Reach.PRIVATE,
    "192.0.0.1": Reach.PRIVATE,
    "192.0.2.1": Reach.PRIVATE,
    "198.18.0.1": Reach.PRIVATE,
    "198.51.100.7": Reach.PRIVATE,
    "203.0.113.9": Reach.PRIVATE,
    "fc00::1": Reach.PRIVATE,
    "fd12:3456::1": Reach.PRIVATE,
    "fec0::1": Reach.PRIVATE,
    "64:ff9b:1::1": Reach.PRIVATE,
    "100::1": Reach.PRIVATE,
    "2001:db8::1": Reach.PRIVATE,
    "2001::1": Reach.PRIVATE,
    "2002:101:101::": Reach.PRIVATE,
    "3fff::1": Reach.PRIVATE,
    "5f00::1": Reach.PRIVATE,
    "4000::1": Reach.PRIVATE,
    "127.0.0.1": Reach.LOOPBACK,
    "127.255.255.254": Reach.LOOPBACK,
    "::1": Reach.LOOPBACK,
    "0.0.0.0": Reach.NEVER,
    "0.1.2.3": Reach.NEVER,
    "169.254.169.254": Reach.NEVER,
    "169.254.170.2": Reach.NEVER,
    "100.100.100.200": Reach.NEVER,
    "168.63.129.16": Reach.NEVER,
    "192.0.0.192": Reach.NEVER,
    "224.0.0.1": Reach.NEVER,
    "240.0.0.1": Reach.NEVER,
    "255.255.255.255": Reach.NEVER,
    "::": Reach.NEVER,
    "fe80::1": Reach.NEVER,
    "fe80::a9fe:a9fe": Reach.NEVER,
    "febf::1": Reach.NEVER,
    "fd00:ec2::254": Reach.NEVER,
    "fd00:ec2::23": Reach.NEVER,
    "fd20:ce::254": Reach.NEVER,
    "fd00:42::42": Reach.NEVER,
    "ff02::1": Reach.NEVER,
}

# Each of them ends at 169.254.169.254 (a9fe:a9fe) or at 127.0.0.1 (7f00:1).
DISGUISES = {
    "::ffff:169.254.169.254": "169.254.169.254",
    "::ffff:a9fe:a9fe": "169.254.169.254",
    "::ffff:7f00:1": "127.0.0.1",
    "::169.254.169.254": "169.254.169.254",
    "::7f00:1": "127.0.0.1",
    "::ffff:0:169.254.169.254": "169.254.169.254",
    "64:ff9b::a9fe:a9fe": "169.254.169.254",
    "64:ff9b::7f00:1": "127.0.0.1",
    "64:ff9b:1::a9fe:a9fe": "169.254.169.254",
    "2002:a9fe:a9fe::": "169.254.169.254",
    "2002:7f00:1::1": "127.0.0.1",
    "2001:0:a9fe:a9fe::": "169.254.169.254",
    "2001:0:808:808::5601:5601": "169.254.169.254",
    "2606:4700::5efe:169.254.169.254": "169.254.169.254",
    "fd12::200:5efe:7f00:1": "127.0.0.1",
}

EVERYTHING = AllowList.parse(["0.0.0.0/0", "::/0", "public", "private", "evil.example"])


@pytest.mark.parametrize("text", REACHES)
def test_an_address_reaches_one_kind_of_network(text: str) -> None:
    assert reach_of(ip_address(text)) is REACHES[text]


@pytest.mark.parametrize("text", DISGUISES)
def test_an_address_that_carries_another_is_judged_by_both(text: str) -> None:
    assert ip_address(DISGUISES[text]) in unfolded(ip_address(text))
    assert AllowList.parse().refusal("evil.example", [ip_address(text)]) is not None


@pytest.mark.parametrize("text", [text for text, reach in REACHES.items() if reach is Reach.NEVER])
def test_no_list_allows_what_is_never_called(text: str) -> None:
    refusal = EVERYTHING.refusal("evil.example", [ip_address(text)])
    assert refusal is not None
    assert "never called" in refusal


@pytest.mark.parametrize(
    "text",
    [text for text, inner in DISGUISES.items() if reach_of(ip_address(inner)) is Reach.NEVER],
)
def test_no_list_allows_metadata_in_disguise(text: str) -> None:
    refusal = EVERYTHING.refusal("evil.example", [ip_address(text)])
    assert refusal is not None
    assert "never called" in refusal


def allows(entries: list[str], host: str, *addresses: str) -> bool:
    return AllowList.parse(entries).refusal(host, [ip_address(a) for a in addresses]) is None


def test_without_a_list_only_public_addresses_are_called() -> None:
    default = AllowList.parse()
    assert default.refusal("api.example.com", [ip_address("1.1.1.1")]) is None
    assert default.refusal("internal.example.com", [ip_address("10.0.0.1")]) == (
        "internal.example.com (10.0.0.1) is private and not on the list of the setting "
        "allowed_services"
    )


def test_with_a_list_exactly_what_is_listed_is_called() -> None:
    assert allows(["10.0.0.0/8"], "a", "10.1.2.3")
    assert not allows(["10.0.0.0/8"], "a", "1.1.1.1")
    assert not allows([], "a", "1.1.1.1")
    assert allows(["10.0.0.0/8", "public"], "a", "1.1.1.1")


def test_one_forbidden_address_among_several_forbids_the_host() -> None:
    assert not allows(["public"], "a.example", "1.1.1.1", "10.0.0.1")
    assert not allows(["public"], "a.example", "1.1.1.1", "::ffff:127.0.0.1")


def test_private_includes_loopback_and_loopback_is_only_this_machine() -> None:
    assert allows(["private"], "a", "10.0.0.1", "127.0.0.1", "::1")
    assert allows(["loopback"], "a", "127.0.0.1", "::1")
    assert not allows(["loopback"], "a", "10.0.0.1")


def test_a_listed_host_allows_what_its_name_resolves_to() -> None:
    assert allows(["billing.internal"], "billing.internal", "10.0.0.1", "1.1.1.1")
    assert not allows(["billing.internal"], "other.internal", "10.0.0.1")
    assert not allows(["billing.internal"], "x.billing.internal", "10.0.0.1")


def test_a_listed_name_reaches_this_machine_only_as_localhost() -> None:
    assert not allows(["billing.internal"], "billing.internal", "127.0.0.1")
    assert allows(["localhost"], "localhost", "127.0.0.1", "::1")
    assert allows(["*.localhost"], "upper.localhost", "127.0.0.1")
    assert allows(["billing.internal", "127.0.0.1"], "billing.internal", "127.0.0.1")


def test_a_wildcard_stands_for_every_name_below() -> None:
    assert allows(["*.svc.local"], "upper.svc.local", "10.0.0.1")
    assert allows(["*.svc.local"], "a.b.svc.local", "10.0.0.1")
    assert not allows(["*.svc.local"], "svc.local", "10.0.0.1")
    assert not allows(["*.svc.local"], "evilsvc.local", "10.0.0.1")


def test_hosts_are_listed_in_any_spelling() -> None:
    assert allows(["Bücher.Example."], "xn--bcher-kva.example", "10.0.0.1")
    assert allows([" PUBLIC "], "a", "1.1.1.1")


def test_an_ipv4_network_allows_its_addresses_in_the_clothes_of_ipv6() -> None:
    assert allows(["10.0.0.0/8"], "a", "::ffff:10.0.0.1")
    assert allows(["10.0.0.0/8", "public"], "a", "64:ff9b::a00:1")
    assert not allows(["public"], "a", "64:ff9b::a00:1")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("169.254.169.254", "metadata services"),
        ("169.254.0.0/16", "metadata services"),
        ("fe80::/64", "metadata services"),
        ("0.0.0.0", "metadata services"),
        ("10.0.0.1/8", 'Write "10.0.0.0/8" for the network, or "10.0.0.1" for the address.'),
        ("10.0.0", "a number that not every program reads"),
        ("http://billing.internal/", "which is no name"),
        ("billing internal", "which is no name"),
        ("a.*.example.com", "which is no name"),
        ("", "which is no name"),
    ],
)
def test_an_entry_that_cannot_be_is_named(entry: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        AllowList.parse(["public", entry])
    assert message in str(refused.value)
    assert f'"{entry}"' in str(refused.value)
