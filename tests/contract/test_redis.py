"""Redis keeps every promise of a state store, for several connections at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.contracts.address import Address
from ergate.testing import FakeClock, StateStoreSuite
from ergate_backends.redis.store import RedisStore


class TestRedisStore(StateStoreSuite):
    @pytest.fixture
    def store(self, clock: FakeClock, redis_url: str) -> Iterator[RedisStore]:
        store = RedisStore(Address.parse(redis_url), clock)
        store.migrate()
        yield store
        store.close()

    @pytest.fixture
    def second_store(self, clock: FakeClock, redis_url: str) -> Iterator[RedisStore]:
        second = RedisStore(Address.parse(redis_url), clock)
        yield second
        second.close()
