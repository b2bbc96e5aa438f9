"""Publishing, turn by turn: every transition, in pages, appended before it is passed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ergate.brokers.broker import Labels
from ergate.brokers.native import NativeBroker
from ergate.clock import Clock
from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.contracts.capabilities import Capability
from ergate.contracts.journal import Entry, JournalKind
from ergate.errors import BackendUnavailable, SettingsError, Unsupported
from ergate.settings import Settings
from ergate.supervisor import publishing as module
from ergate.supervisor.publishing import IDLE_MAX_S, Publisher, feed_name, publishing
from ergate.testing import FakeClock
from ergate.testing.conformance.moves import COMPLETED, running, settled, submitted
from ergate.testing.fleet import eventually
from ergate.worker.events import Event, Trouble
from ergate_backends.memory.journal import MemoryJournal
from ergate_backends.memory.store import MemoryStore

ADDRESS = "log://host/there?prefix=mine"


class Log(MemoryJournal):
    """A journal that is away while `error` is set; a failing append may have been written."""

    error: Exception | None = None
    writes_before_failing = False

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(entries)
        self.pages: list[int] = []

    def append(self, entries: Sequence[Entry]) -> None:
        self.pages.append(len(entries))
        if self.error is None or self.writes_before_failing:
            super().append(entries)
        if self.error is not None:
            raise self.error


class House:
    """A memory store on a clock that stands still, and what was appended and told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.entries: list[Entry] = []
        self.log = Log(self.entries)
        self.opening_error: Exception | None = None
        self.told: list[Event] = []

    def open(self, _address: Address, _clock: Clock, kind: JournalKind) -> Log:
        assert kind is JournalKind.EVENTS
        if self.opening_error is not None:
            raise self.opening_error
        return self.log

    def publisher(self, **settings: object) -> Publisher:
        given = Settings.model_validate({"lease_s": 10} | settings)
        return Publisher(self.store, Address.parse(ADDRESS), given, self.told.append)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(entry.body) for entry in self.entries]

    def ids(self) -> list[str]:
        return [event["id"] for event in self.events()]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    monkeypatch.setattr(module, "open_journal", house.open)
    backend = Backend(name="log", summary="", open_journal=house.open)

    def resolve(address: Address, _role: str) -> tuple[Backend, Address]:
        if address.scheme != "log":
            raise Unsupported(f'"{address}" cannot be a journal')
        return backend, address

    monkeypatch.setattr(module, "resolve_backend", resolve)
    return house


# --- one turn -------------------------------------------------------------------------------------


def test_what_happens_after_the_start_is_published_in_its_order(house: House) -> None:
    submitted(house.store)
    publisher = house.publisher()
    done = settled(house.store, running(house.store), COMPLETED)
    assert publisher.turn() == 0.0
    assert house.ids() == [f"{done.id}:1", f"{done.id}:3"]
    assert [entry.key for entry in house.entries] == [done.id, done.id]
    assert publisher.turn() > 0.0
    assert house.ids() == [f"{done.id}:1", f"{done.id}:3"]


def test_an_idle_publisher_asks_less_and_less_often(house: House) -> None:
    publisher = house.publisher()
    pauses = [publisher.turn() for _ in range(8)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == IDLE_MAX_S
    submitted(house.store)
    publisher.turn()
    assert publisher.turn() < pauses[1]


def test_results_are_kept_back_when_settings_say_so(house: House) -> None:
    publisher = house.publisher(publish_results=False)
    settled(house.store, running(house.store), COMPLETED)
    publisher.turn()
    assert [event["result"] for event in house.events()] == [None, None]
    assert house.events()[1]["left_out"] == ["result"]


@pytest.mark.parametrize(
    ("page_bytes", "pages"),
    [(1_000_000, [100, 200, 100]), (20_000, [100, 50, 50, 50, 50, 50, 50])],
    ids=["small events", "large events"],
)
def test_a_page_follows_the_size_of_its_events(
    house: House, monkeypatch: pytest.MonkeyPatch, page_bytes: int, pages: list[int]
) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", page_bytes)
    publisher = house.publisher()
    for _ in range(400):
        submitted(house.store)
    while publisher.turn() == 0.0:
        pass
    assert house.log.pages == pages


# --- trouble --------------------------------------------------------------------------------------


def test_while_the_journal_is_away_events_wait_and_nothing_is_skipped(house: House) -> None:
    publisher = house.publisher()
    house.log.error = BackendUnavailable("It is down.")
    new = submitted(house.store)
    pauses = [publisher.turn() for _ in range(12)]
    assert (house.ids(), pauses[0] < 0.6, 14 < pauses[-1] <= 30) == ([], True, True)
    house.log.error = None
    publisher.turn()
    assert house.ids() == [f"{new.id}:1"]
    assert [isinstance(one, Trouble) and one.is_over for one in house.told] == [False, True]
    assert "It is down." in str(house.told[0])


def test_events_whose_append_may_have_failed_are_appended_again(house: House) -> None:
    publisher = house.publisher()
    new = submitted(house.store)
    house.log.error, house.log.writes_before_failing = BackendUnavailable("Cut."), True
    publisher.turn()
    house.log.error = None
    publisher.turn()
    first, second = house.entries
    assert first == second
    assert house.ids()[0] == f"{new.id}:1"


def test_an_unforeseen_error_is_tried_again_too(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = house.publisher()
    submitted(house.store)
    house.log.error = ZeroDivisionError()
    assert [publisher.turn() > 0, publisher.turn() > 0] == [True, True]
    assert len([one for one in caplog.records if one.exc_info]) == 1
    house.log.error = None
    assert publisher.turn() == 0.0


def test_trouble_of_the_store_is_told_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = house.publisher()
    submitted(house.store)

    def away(*_: object) -> None:
        raise BackendUnavailable("The store is away.")

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "advance", away)
        assert publisher.turn() > 0.0
    assert publisher.turn() == 0.0
    assert len(house.ids()) == 2
    assert [isinstance(one, Trouble) and one.is_over for one in house.told] == [False, True]


# --- several supervisors --------------------------------------------------------------------------


def test_one_publisher_at_a_time_and_the_next_goes_on_after_its_lease(house: House) -> None:
    first, second = house.publisher(), house.publisher()
    one = submitted(house.store)
    assert (second.turn(), first.turn()) == (2.5, 0.0)
    assert house.ids() == [f"{one.id}:1"]
    two = submitted(house.store)
    house.clock.advance(11)
    assert second.turn() == 0.0
    assert house.ids() == [f"{one.id}:1", f"{two.id}:1"]
    assert first.turn() == 2.5


# --- the thread -----------------------------------------------------------------------------------


@pytest.fixture
def broker(house: House) -> NativeBroker:
    return NativeBroker(house.store, Labels("memory", "memory"))


@pytest.fixture
def publish(house: House, broker: NativeBroker) -> Callable[..., Any]:
    def publish(*addresses: str) -> Any:
        settings = Settings.model_validate({"publish_to": list(addresses)})
        return publishing(broker, settings, house.told.append)

    return publish


def test_what_is_left_at_the_end_is_told_and_the_feed_is_free(
    house: House, publish: Callable[..., Any]
) -> None:
    with publish(ADDRESS):
        first = submitted(house.store)
        eventually("the first is published", lambda: house.entries)
        last = [submitted(house.store) for _ in range(3)]
    assert house.ids() == [f"{new.id}:1" for new in (first, *last)]
    (info,) = house.store.feeds()
    assert (info.holder, info.waiting) == (None, 0)


def test_a_journal_that_is_away_at_the_start_stops_nothing(
    house: House, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF_FIRST_S", 0.01)
    house.opening_error = BackendUnavailable("Not there yet.")
    with publish(ADDRESS):
        new = submitted(house.store)
        eventually("it was told", lambda: house.told)
        house.opening_error = None
        eventually("the event is published", lambda: house.entries)
    assert house.ids() == [f"{new.id}:1"]


def test_a_wrong_address_ends_the_start(house: House, publish: Callable[..., Any]) -> None:
    house.opening_error = SettingsError("No such option.")
    with pytest.raises(SettingsError, match="No such option"), publish(ADDRESS):
        raise AssertionError("the block must not run")
    with pytest.raises(Unsupported, match="cannot be a journal"), publish("sqlite"):
        raise AssertionError("the block must not run")


def test_two_addresses_of_one_feed_are_refused(publish: Callable[..., Any]) -> None:
    with (
        pytest.raises(SettingsError, match="twice"),
        publish("log://u:one@h", "log://u:two@h?acks=all"),
    ):
        raise AssertionError("the block must not run")


def test_a_store_without_feeds_is_refused(
    house: House, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryStore, "capabilities", frozenset[Capability]())
    with pytest.raises(Unsupported, match="publish_to"), publish(ADDRESS):
        raise AssertionError("the block must not run")


def test_without_publish_to_no_feed_is_opened(house: House, publish: Callable[..., Any]) -> None:
    with publish():
        submitted(house.store)
    assert list(house.store.feeds()) == []


# --- the name of the feed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("kafka", "kafka"),
        ("kafka://a:1,b:2?prefix=shop&partitions=3", "kafka://a:1,b:2?prefix=shop"),
        ("amqps://me:secret@host/shop?heartbeat=3", "amqps://me:***@host/shop"),
    ],
    ids=["bare", "prefix", "password"],
)
def test_a_feed_is_named_after_where_its_events_go(address: str, name: str) -> None:
    assert feed_name(Address.parse(address)) == name
