"""Redis and Postgres together: each in front of the other, killed, wiped and cut off."""

from __future__ import annotations

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.outages import WipeSuite
from ergate.testing.scene import Addresses
from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.redis import RedisServer


class TestRedisBeforePostgres(CrashSuite):
    @pytest.fixture
    def addresses(self, redis_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=redis_url, state_store=postgres_url)


class TestPostgresBeforeRedis(CrashSuite):
    @pytest.fixture
    def addresses(self, redis_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=postgres_url, state_store=redis_url)


class TestRedisQueueDies(WipeSuite):
    @pytest.fixture
    def server(self, redis_server: RedisServer) -> RedisServer:
        return redis_server

    @pytest.fixture
    def addresses(self, server: RedisServer, postgres_url: str) -> Addresses:
        return Addresses(queue=server.url, state_store=postgres_url)


class TestPostgresQueueDies(WipeSuite):
    @pytest.fixture
    def server(self, postgres_server: PostgresServer) -> PostgresServer:
        return postgres_server

    @pytest.fixture
    def addresses(self, server: PostgresServer, redis_url: str) -> Addresses:
        return Addresses(queue=server.url, state_store=redis_url)
