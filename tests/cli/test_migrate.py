"""`ergate migrate` brings a schema up, and refuses a newer one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.testing.servers.redis import RedisServer
from tests.cli.terminal import Terminal, open_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


def test_it_makes_the_schema_and_prints_its_version(terminal: Terminal) -> None:
    done = terminal.type("migrate", "--state", "sqlite:///jobs.db")
    assert done.exit_code == 0
    assert re.fullmatch(r"Schema: version (\d+) of \1\n", done.stdout)
    with closing(sqlite3.connect("jobs.db")) as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_it_may_be_run_again(terminal: Terminal) -> None:
    terminal.type("migrate")
    assert terminal.type("migrate").exit_code == 0


def test_a_problem_that_is_not_about_the_schema_does_not_stop_a_deploy(
    terminal: Terminal, redis_server: RedisServer
) -> None:
    redis_server.order("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    done = terminal.type("migrate", "--state", redis_server.url)
    assert (done.exit_code, done.stdout) == (0, "Schema: version 2 of 2\n")
    assert terminal.type("backends", "check", redis_server.url).exit_code == 1


def test_check_changes_nothing_and_tells_that_a_schema_is_behind(terminal: Terminal) -> None:
    sqlite3.connect("old.db").close()
    Path("old.db").touch()
    done = terminal.type("migrate", "--check", "--state", "sqlite:///old.db")
    assert done.exit_code == 1
    assert re.fullmatch(r"Schema: version 0 of [1-9]\d*\n", done.stdout)
    assert Path("old.db").stat().st_size == 0


def test_check_of_a_store_that_is_not_there_makes_none(terminal: Terminal) -> None:
    done = terminal.type("migrate", "--check", "--json")
    assert done.exit_code == 0
    assert not (terminal.directory / ".ergate").exists()


@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_a_newer_schema_is_refused(terminal: Terminal, flags: list[str]) -> None:
    with closing(sqlite3.connect("new.db")) as database:
        database.execute("PRAGMA user_version = 99")
    done = terminal.type("migrate", "--state", "sqlite:///new.db", *flags)
    assert done.exit_code == 4
    assert "99" in done.output


@pytest.mark.parametrize(
    "command", [["run", "app:app"], ["enqueue", "sums", "--input", "1"], ["jobs", "list"]]
)
def test_every_command_refuses_a_newer_schema(terminal: Terminal, command: list[str]) -> None:
    terminal.write("app.py")
    with closing(sqlite3.connect("new.db")) as database:
        database.execute("PRAGMA user_version = 99")
    done = terminal.type(*command, "--state", "sqlite:///new.db")
    assert done.exit_code == 4
    assert "schema version 99" in done.stderr
    assert "Traceback" not in done.stderr
