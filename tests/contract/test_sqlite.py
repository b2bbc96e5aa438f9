"""SQLite keeps every promise of a state store, for several connections at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.testing import FakeClock, StateStoreSuite
from ergate_backends.sqlite.store import SqliteStore


class TestSqliteStore(StateStoreSuite):
    @pytest.fixture
    def store(self, clock: FakeClock, tmp_path: Path) -> Iterator[SqliteStore]:
        store = SqliteStore(tmp_path / "jobs.db", clock)
        store.migrate()
        yield store
        store.close()

    @pytest.fixture
    def second_store(self, store: SqliteStore, clock: FakeClock) -> Iterator[SqliteStore]:
        second = SqliteStore(store._db.path, clock)
        yield second
        second.close()
