"""Real processes behind RabbitMQ: killed at random, at every named place, poisoned and frozen."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.scene import Addresses


class TestRabbitMQBeforePostgres(CrashSuite):
    @pytest.fixture
    def addresses(self, rabbitmq_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=rabbitmq_url, state_store=postgres_url)


class TestRabbitMQBeforeRedis(CrashSuite):
    storm_jobs: ClassVar[int] = 1500
    storm_kills: ClassVar[int] = 12

    @pytest.fixture
    def addresses(self, rabbitmq_url: str, redis_url: str) -> Addresses:
        return Addresses(queue=rabbitmq_url, state_store=redis_url)


class TestRabbitMQBeforeSqlite(CrashSuite):
    storm_jobs: ClassVar[int] = 1500
    storm_kills: ClassVar[int] = 12

    @pytest.fixture
    def addresses(self, rabbitmq_url: str, tmp_path: Path) -> Addresses:
        return Addresses(queue=rabbitmq_url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
