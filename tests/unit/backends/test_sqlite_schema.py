"""A file of an older version becomes one of this version, with all that is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from ergate.testing import FakeClock
from ergate.testing.conformance.moves import COMPLETED, running, settled
from ergate_backends.sqlite.migrating import SCHEMA_VERSION, statements
from ergate_backends.sqlite.store import SqliteStore

FIRST = resources.files("ergate_backends.sqlite").joinpath("schema", "0001_initial.sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def old_store(path: Path) -> Iterator[SqliteStore]:
    """A store on a file as the first version made it."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        for statement in statements(FIRST.read_text()):
            file.execute(statement)
        file.execute("PRAGMA user_version = 1")
    with closing(SqliteStore(path, FakeClock())) as store:
        yield store


def test_a_file_of_the_first_version_keeps_its_jobs_and_gets_feeds(old_store: SqliteStore) -> None:
    held = running(old_store)  # the acts of jobs need nothing that is new
    old_store.migrate()
    assert old_store.feed("f", "reader", 9, 60) == []
    done = settled(old_store, held, COMPLETED)
    told = old_store.feed("f", "reader", 9, 60) or ()
    assert [one.row for one in told] == list(old_store.history(done.id))[1:]


def test_a_migrated_file_and_a_new_one_have_the_same_schema(
    old_store: SqliteStore, tmp_path: Path
) -> None:
    old_store.migrate()
    with closing(SqliteStore(tmp_path / "new.db", FakeClock())) as store:
        store.migrate()
    old, new = (_schema(tmp_path / name) for name in ("jobs.db", "new.db"))
    assert old == new
    assert old[0] == SCHEMA_VERSION


def test_only_a_file_with_a_feed_has_the_trigger_that_fills_it(
    old_store: SqliteStore, path: Path
) -> None:
    old_store.migrate()
    for name in ("one", "two"):
        old_store.feed(name, "reader", 0, 60)
    assert _triggers(path) == ["history_fed"]
    old_store.drop_feed("one")
    assert _triggers(path) == ["history_fed"]
    old_store.drop_feed("two")
    assert _triggers(path) == []


def _schema(path: Path) -> tuple[int, list[tuple[str, str]]]:
    with closing(sqlite3.connect(path)) as file:
        (version,) = file.execute("PRAGMA user_version").fetchone()
        rows = file.execute("SELECT name, sql FROM sqlite_schema WHERE sql > '' ORDER BY name")
        return version, [(name, " ".join(sql.split())) for name, sql in rows]


def _triggers(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    return [name for (name,) in rows]
