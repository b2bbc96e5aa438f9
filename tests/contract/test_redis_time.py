"""Redis keeps every promise by its own server's time, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.testing import StateStoreSuite
from ergate_backends.redis.store import RedisStore


class TestRedisStoreOnServerTime(StateStoreSuite):
    tick_s = 0.05

    @pytest.fixture
    def clock(self) -> None:
        return None

    @pytest.fixture
    def store(self, redis_url: str) -> Iterator[RedisStore]:
        store = RedisStore(Address.parse(redis_url), SystemClock())
        store.migrate()
        yield store
        store.close()

    @pytest.fixture
    def second_store(self, redis_url: str) -> Iterator[RedisStore]:
        second = RedisStore(Address.parse(redis_url), SystemClock())
        yield second
        second.close()
