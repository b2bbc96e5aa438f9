"""A Redis server that dies, comes back, and once forgets everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.testing.outages import OutageSuite, WipeSuite
from ergate.testing.scene import Addresses
from ergate.testing.servers.redis import RedisServer


class TestRedis(OutageSuite):
    @pytest.fixture
    def server(self, redis_server: RedisServer) -> RedisServer:
        return redis_server

    @pytest.fixture
    def addresses(self, server: RedisServer) -> Addresses:
        return Addresses(state_store=server.url)


class TestRedisQueueBeforeSqlite(WipeSuite):
    @pytest.fixture
    def server(self, redis_server: RedisServer) -> RedisServer:
        return redis_server

    @pytest.fixture
    def addresses(self, server: RedisServer, tmp_path: Path) -> Addresses:
        return Addresses(queue=server.url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
