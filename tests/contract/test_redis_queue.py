"""Redis streams keep every promise of a queue, for several connections at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.testing import QueueSuite
from ergate_backends.redis.queue import RedisQueue


class TestRedisQueue(QueueSuite):
    @pytest.fixture
    def queue(self, redis_url: str) -> Iterator[RedisQueue]:
        queue = RedisQueue(Address.parse(redis_url), SystemClock())
        yield queue
        queue.close()

    @pytest.fixture
    def second_queue(self, redis_url: str) -> Iterator[RedisQueue]:
        second = RedisQueue(Address.parse(redis_url), SystemClock())
        yield second
        second.close()
