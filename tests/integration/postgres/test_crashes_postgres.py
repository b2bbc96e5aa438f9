"""Real processes on Postgres: killed at random, at every named place, poisoned and frozen."""

from __future__ import annotations

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.scene import Addresses


class TestPostgres(CrashSuite):
    @pytest.fixture
    def addresses(self, postgres_url: str) -> Addresses:
        return Addresses(state_store=postgres_url)
