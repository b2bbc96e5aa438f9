"""Real processes on Redis: killed at random, at every named place, poisoned and frozen."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.scene import Addresses


class TestRedis(CrashSuite):
    @pytest.fixture
    def addresses(self, redis_url: str) -> Addresses:
        return Addresses(state_store=redis_url)


class TestRedisQueueBeforeSqlite(CrashSuite):
    @pytest.fixture
    def addresses(self, redis_url: str, tmp_path: Path) -> Addresses:
        return Addresses(queue=redis_url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
