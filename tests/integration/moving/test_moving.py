"""Jobs move between real backends, by commands that are killed on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.testing.scene import Addresses
from tests.integration.moving.suite import MovingSuite


class TestFromRedisToPostgres(MovingSuite):
    @pytest.fixture
    def source(self, redis_url: str) -> Addresses:
        return Addresses(state_store=redis_url)

    @pytest.fixture
    def target(self, postgres_url: str) -> Addresses:
        return Addresses(state_store=postgres_url)


class TestFromSqliteToRedis(MovingSuite):
    ready, scheduled, soon_s = 4_000, 200, 8.0

    @pytest.fixture
    def source(self, tmp_path: Path) -> Addresses:
        return Addresses(state_store=f"sqlite:///{tmp_path}/jobs.db")

    @pytest.fixture
    def target(self, redis_url: str) -> Addresses:
        return Addresses(state_store=redis_url)


class TestFromRabbitmqAndPostgresToKafkaAndRedis(MovingSuite):
    @pytest.fixture
    def source(self, rabbitmq_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=rabbitmq_url, state_store=postgres_url)

    @pytest.fixture
    def target(self, kafka_url: str, redis_url: str) -> Addresses:
        return Addresses(queue=kafka_url, state_store=redis_url)
