"""Postgres and Redis together: one holds the queue, the other the state."""

from __future__ import annotations

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.outages import OutageSuite, WipeSuite
from ergate.testing.scene import Addresses
from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.redis import RedisServer


class TestCrashesWithRedisBeforePostgres(CrashSuite):
    @pytest.fixture
    def addresses(self, redis_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=redis_url, state_store=postgres_url)


class TestCrashesWithPostgresBeforeRedis(CrashSuite):
    @pytest.fixture
    def addresses(self, redis_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=postgres_url, state_store=redis_url)


class TestOutagesOfRedisBeforePostgres(WipeSuite):
    @pytest.fixture
    def server(self, redis_server: RedisServer) -> RedisServer:
        return redis_server

    @pytest.fixture
    def addresses(self, server: RedisServer, postgres_url: str) -> Addresses:
        return Addresses(queue=server.url, state_store=postgres_url)


class TestOutagesOfPostgresBeforeRedis(WipeSuite):
    @pytest.fixture
    def server(self, postgres_server: PostgresServer) -> PostgresServer:
        return postgres_server

    @pytest.fixture
    def addresses(self, server: PostgresServer, redis_url: str) -> Addresses:
        return Addresses(queue=server.url, state_store=redis_url)


class TestOutagesOfPostgresBehindRedis(OutageSuite):
    @pytest.fixture
    def server(self, postgres_server: PostgresServer) -> PostgresServer:
        return postgres_server

    @pytest.fixture
    def addresses(self, server: PostgresServer, redis_url: str) -> Addresses:
        return Addresses(queue=redis_url, state_store=server.url)
