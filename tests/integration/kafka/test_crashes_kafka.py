"""The system suite with tickets in Kafka, on each full state store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.scene import Addresses


class TestKafkaInFrontOfPostgres(CrashSuite):
    @pytest.fixture
    def addresses(self, kafka_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=kafka_url, state_store=postgres_url)


class TestKafkaInFrontOfRedis(CrashSuite):
    storm_jobs = 1500
    storm_kills = 12

    @pytest.fixture
    def addresses(self, kafka_url: str, redis_url: str) -> Addresses:
        return Addresses(queue=kafka_url, state_store=redis_url)


class TestKafkaInFrontOfSqlite(CrashSuite):
    storm_jobs = 1500
    storm_kills = 12

    @pytest.fixture
    def addresses(self, kafka_url: str, tmp_path: Path) -> Addresses:
        return Addresses(queue=kafka_url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
