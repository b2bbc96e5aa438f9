"""Postgres keeps its promises on the server's own clock, and without any session of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.testing.conformance.case import StoreCase
from ergate.testing.conformance.claiming import Claiming
from ergate.testing.conformance.concurrency import Concurrency
from ergate.testing.conformance.leases import Leases
from ergate.testing.conformance.outbox import Outbox
from ergate.testing.conformance.sweeping import Sweeping
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target


class OnTheServersClock(StoreCase):
    tick_s, options = 0.1, ""

    clock = pytest.fixture(lambda _self: None)

    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[PostgresStore]:
        address = Address.parse(postgres_url + self.options)
        (store := PostgresStore(Target.of(address), SystemClock())).migrate()
        yield store
        store.close()

    second_store = store


class TestLeases(OnTheServersClock, Leases, Sweeping, Outbox): ...


class TestAsBehindAPooler(OnTheServersClock, Claiming, Concurrency):
    options = "&notify=off"
