"""What `ergate backends` lists and checks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.plugins.official import OFFICIAL_NAMES
from tests.cli.terminal import Terminal, open_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


def test_every_official_backend_is_listed_installed_or_with_the_command(
    terminal: Terminal,
) -> None:
    rows = {row["name"]: row for row in terminal.json("backends", "list")}
    assert set(OFFICIAL_NAMES) <= set(rows)
    sqlite = rows["sqlite"]
    assert (sqlite["installed"], sqlite["level"], sqlite["roles"]) == (True, "L2", ["state store"])
    for name, row in rows.items():
        if not row["installed"]:
            assert row["distribution"] == f'pip install "ergate[{name}]"'


def test_the_table_names_each_backend(terminal: Terminal) -> None:
    table = terminal.type("backends", "list").stdout
    for name in OFFICIAL_NAMES:
        assert f"\n{name} " in table


def test_check_without_an_address_looks_at_that_of_the_settings(terminal: Terminal) -> None:
    terminal.write("ergate.toml", 'queue = "sqlite:///mine.db"')
    (checked,) = terminal.json("backends", "check")
    assert checked["address"] == "sqlite:///mine.db"
    assert {one["level"] for one in checked["findings"]} == {"ok"}
    assert not (terminal.directory / "mine.db").exists()


def test_check_ends_with_1_when_a_problem_is_found(terminal: Terminal) -> None:
    with closing(sqlite3.connect("new.db")) as database:
        database.execute("PRAGMA user_version = 99")
    done = terminal.type("backends", "check", "sqlite:///new.db")
    assert done.exit_code == 1
    assert "PROBLEM" in done.stdout
    assert "Upgrade Ergate." in done.stdout


def test_check_of_an_unknown_backend_is_wrong_usage_and_masks_its_secrets(
    terminal: Terminal,
) -> None:
    done = terminal.type("backends", "check", "redsi://me:secret@host")
    assert done.exit_code == 2
    assert 'Did you mean "redis"?' in done.stderr
    assert "secret" not in done.output
