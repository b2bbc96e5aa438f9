"""Which broker a queue and a state store make together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.brokers.broker import Broker, Labels
from ergate.brokers.direct import DirectBroker
from ergate.brokers.native import NativeBroker
from ergate.brokers.opening import open_broker
from ergate.brokers.relayed import RelayedBroker
from ergate.clock import SystemClock
from ergate.contracts.backend import Backend
from ergate.contracts.capabilities import Level
from ergate.errors import UnknownBackendError, UsageError
from ergate.jobs.job import Job
from ergate.plugins.manager import Plugins, installed_plugins
from ergate.plugins.registry import BackendRegistry
from ergate_backends.memory.queue import MemoryQueue
from ergate_backends.memory.store import MemoryStore


class OwnQueue:
    def get_one(self) -> Job:
        raise NotImplementedError

    def put(self, job: Job) -> None:
        raise NotImplementedError


class OwnStore:
    def update(self, job: Job) -> None:
        raise NotImplementedError


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with closing(MemoryStore(SystemClock())) as store:
        yield store


def kind_of(queue: object, state_store: object) -> type[Broker | DirectBroker]:
    with closing(open_broker(queue, state_store)) as broker:
        return type(broker)


def test_nothing_named_means_sqlite_in_the_working_directory(work_dir: Path) -> None:
    with closing(open_broker(None, None)) as broker:
        assert isinstance(broker, NativeBroker)
        assert broker.level is Level.L2
    assert (work_dir / ".ergate" / "ergate.db").is_file()


def test_one_half_named_serves_as_both(work_dir: Path) -> None:
    assert kind_of("memory", None) is kind_of(None, "memory") is NativeBroker
    assert kind_of("sqlite:///a.db", None) is NativeBroker


def test_the_same_address_twice_is_native_and_two_addresses_are_relayed(work_dir: Path) -> None:
    assert kind_of("sqlite:///a.db", "sqlite:///a.db") is NativeBroker
    assert kind_of("memory", "sqlite:///a.db") is RelayedBroker


def test_a_queue_whose_backend_keeps_no_state_gets_sqlite_beside_it(
    work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = Plugins(BackendRegistry())
    plugins.registry.add(
        Backend(name="tickets", summary="", open_queue=lambda *_: MemoryQueue()), distribution="t"
    )
    sqlite = installed_plugins().registry.find("sqlite")
    assert sqlite is not None
    plugins.registry.add(sqlite, distribution="ergate")
    monkeypatch.setattr("ergate.plugins.resolve._installed", lambda: plugins)
    with closing(open_broker("tickets", None)) as broker:
        assert (type(broker), broker.labels) == (
            RelayedBroker,
            Labels("tickets", "sqlite (serves this machine only)"),
        )
    assert (work_dir / ".ergate" / "ergate.db").is_file()


def test_objects_are_taken_as_they_are(store: MemoryStore) -> None:
    assert kind_of(None, store) is kind_of(store, store) is NativeBroker
    assert kind_of(MemoryQueue(), store) is kind_of(OwnQueue(), store) is RelayedBroker


def test_two_bare_objects_are_tied_directly() -> None:
    assert kind_of(OwnQueue(), OwnStore()) is DirectBroker


@pytest.mark.parametrize(
    ("queue", "state_store", "advice"),
    [
        (OwnQueue(), None, "needs a state store"),
        (7, "memory", "get_one and put"),
        ("memory", OwnStore(), "beside"),
        (OwnQueue(), 7, "needs the method update"),
    ],
)
def test_what_cannot_work_together_is_refused_with_advice(
    queue: object, state_store: object, advice: str
) -> None:
    with pytest.raises(UsageError, match=advice):
        open_broker(queue, state_store)


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownBackendError, match='Did you mean "sqlite"'):
        open_broker("sqlit", None)
