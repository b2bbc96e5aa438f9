"""What `ergate feeds` and `ergate doctor` tell of the feeds, and what a start says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.cli.addresses import backend_findings
from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate.errors import BackendUnavailable
from ergate.plugins.resolve import Role
from tests.cli.shop import Shop, open_shop

FEED = "kafka://k1:9092?prefix=shop"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


def open_feed(name: str = FEED, lease_s: float = 0.0) -> None:
    broker = open_broker("sqlite", None)
    assert isinstance(broker, Broker)
    with closing(broker):
        broker.store.feed(name, "reader", 0, lease_s)


def test_without_feeds_the_list_says_what_opens_one(shop: Shop) -> None:
    assert "publish_to" in shop.run("feeds", "list").stdout
    assert shop.json("feeds", "list") == []


def test_a_feed_is_listed_with_what_it_has_still_to_tell(shop: Shop) -> None:
    open_feed(lease_s=60)
    shop.order()
    shop.order()
    (feed,) = shop.json("feeds", "list")
    assert {name: feed[name] for name in ("name", "is_read", "waiting")} == {
        "name": FEED,
        "is_read": True,
        "waiting": 2,
    }
    assert 0 <= feed["behind_s"] < 60
    line = shop.run("feeds", "list").stdout.splitlines()[1]
    assert (line.split()[:2], line.split()[-1]) == ([FEED, "2"], "now")


def test_a_feed_is_dropped_with_what_it_has_not_told(shop: Shop) -> None:
    open_feed()
    shop.order()
    assert "--yes" in shop.run("feeds", "drop", FEED, code=2).stderr
    assert shop.json("feeds", "drop", FEED, "--yes") == {"feed": FEED, "dropped_events": 1}
    assert shop.json("feeds", "list") == []
    assert "Feeds: none" in shop.run("feeds", "drop", FEED, "--yes", code=3).stderr


def test_dropping_an_unknown_feed_names_those_that_are_there(shop: Shop) -> None:
    open_feed()
    assert FEED in shop.run("feeds", "drop", "kafka://k1", "--yes", code=3).stderr


def test_doctor_tells_how_far_each_feed_is_behind_and_which_nobody_reads(shop: Shop) -> None:
    open_feed(lease_s=60)
    open_feed("kafka://old", lease_s=-120)
    shop.order()
    findings = [one for one in shop.json("doctor")["backends"] if one["subject"] == "feed"]
    assert [one["level"] for one in findings] == ["ok", "warning"]
    assert findings[0]["detail"].startswith(f"{FEED}: 1 event behind")
    assert "ergate feeds drop 'kafka://old'" in findings[1]["advice"]
    assert "nobody reads it" in findings[1]["detail"]


def test_doctor_looks_at_each_journal(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(address: Address, role: Role) -> Sequence[Finding]:
        if address.scheme == "amqp":
            raise BackendUnavailable("It is away.")
        return backend_findings(address, role)

    monkeypatch.setattr("ergate.cli.addresses.backend_findings", look)
    monkeypatch.setenv("ERGATE_PUBLISH_TO", "amqp://u:secret@127.0.0.1:1/ sqlite")
    said = shop.json("doctor", code=1)["backends"]
    findings = [one for one in said if one["subject"] == "publish_to"]
    assert [one["level"] for one in findings] == ["ok", "warning", "ok", "problem"]
    assert "events wait in the store" in findings[1]["advice"]
    assert "cannot be a journal" in findings[3]["detail"]
    assert "secret" not in str(said)


def test_a_start_warns_of_a_feed_that_nobody_reads(shop: Shop) -> None:
    open_feed()
    shop.order(n=0)
    said = shop.run("run", "--burst", "--plain").output
    assert f"Nobody reads the feed {FEED}; events that wait in it: 1." in said


def test_a_store_cannot_be_published_to(shop: Shop) -> None:
    said = shop.run("run", "--burst", "--publish-to", "sqlite", code=2).stderr
    assert '"sqlite" cannot be a journal' in said


def test_an_address_that_is_none_is_refused(shop: Shop) -> None:
    said = shop.run("run", "--publish-to", "amqp://u:hun/ter2@h", code=2).stderr
    assert "flag --publish-to" in said
    assert "ter2" not in said
