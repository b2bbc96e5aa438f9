"""Real processes on SQLite: killed at random, at every named place, poisoned and frozen."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.testing.crash import CrashSuite
from ergate.testing.scene import Addresses


class TestSqlite(CrashSuite):
    @pytest.fixture
    def addresses(self, tmp_path: Path) -> Addresses:
        return Addresses(state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
