"""The system suite with tickets in Kafka, on each full state store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.scene import Addresses

KILL_EVERY_S = 0.6
"""A new member waits a moment for its share, then works without one; one that is killed before
that has nothing that could be recovered."""


class TestKafkaInFrontOfPostgres(CrashSuite):
    kill_every_s = KILL_EVERY_S

    @pytest.fixture
    def addresses(self, kafka_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=kafka_url, state_store=postgres_url)


class TestKafkaInFrontOfRedis(CrashSuite):
    storm_jobs = 1500
    storm_kills = 12
    kill_every_s = KILL_EVERY_S

    @pytest.fixture
    def addresses(self, kafka_url: str, redis_url: str) -> Addresses:
        return Addresses(queue=kafka_url, state_store=redis_url)


class TestKafkaInFrontOfSqlite(CrashSuite):
    storm_jobs = 1500
    storm_kills = 12
    kill_every_s = KILL_EVERY_S

    @pytest.fixture
    def addresses(self, kafka_url: str, tmp_path: Path) -> Addresses:
        return Addresses(queue=kafka_url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
