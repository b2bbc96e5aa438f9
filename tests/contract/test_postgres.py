"""Postgres keeps every promise of a state store, for several connections at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.contracts.address import Address
from ergate.testing import FakeClock, StateStoreSuite
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target


class TestPostgresStore(StateStoreSuite):
    @pytest.fixture
    def target(self, postgres_url: str) -> Target:
        return Target.of(Address.parse(postgres_url))

    @pytest.fixture
    def store(self, clock: FakeClock, target: Target) -> Iterator[PostgresStore]:
        store = PostgresStore(target, clock)
        store.migrate()
        yield store
        store.close()

    @pytest.fixture
    def second_store(
        self, store: PostgresStore, clock: FakeClock, target: Target
    ) -> Iterator[PostgresStore]:
        second = PostgresStore(target, clock)
        yield second
        second.close()
