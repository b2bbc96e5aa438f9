"""What `ergate init` writes works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import PATIENCE_S, Terminal, open_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


def test_the_app_runs_as_it_was_written(terminal: Terminal) -> None:
    terminal.type("init")
    order = json.dumps({"item": "tea", "count": 2})
    job_id = terminal.type("enqueue", "order", "--input", order).stdout.strip()
    printed = terminal.burst()
    assert f"Paid 700 cents as {job_id}:1." in printed
    assert "1 completed · 0 failed" in printed
    done = terminal.type("enqueue", "order", "--id", job_id, "--input", order, "--wait")
    assert (done.stdout, done.exit_code) == ('"Thank you for 7.00!"\n', 0)


def test_its_test_passes(terminal: Terminal) -> None:
    terminal.type("init", "shop")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=terminal.directory / "shop",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_its_settings_are_understood(terminal: Terminal) -> None:
    terminal.type("init")
    text = (terminal.directory / "ergate.toml").read_text()
    terminal.write("ergate.toml", re.sub(r"(?m)^# (\w+ =|\[)", r"\1", text))
    settings = terminal.json("doctor", "--profile", "production")["settings"]
    assert settings["processes"]["origin"] == "profile production in ergate.toml"
    assert settings["grace_s"]["value"] == "25"


def test_the_next_steps_are_told(terminal: Terminal) -> None:
    done = terminal.type("init", "shop")
    assert done.exit_code == 0
    for line in ("cd shop", "ergate run", "ergate enqueue order --input", "pytest"):
        assert line in done.stdout


def test_nothing_is_overwritten_and_the_files_are_named(terminal: Terminal) -> None:
    terminal.write("ergate.toml", "# mine")
    done = terminal.type("init")
    assert done.exit_code == 2
    assert "has ergate.toml already, and nothing was written" in done.stderr
    assert [file.name for file in terminal.directory.iterdir()] == ["ergate.toml"]


def test_a_directory_that_cannot_be_made_is_told(terminal: Terminal) -> None:
    terminal.write("file", "")
    done = terminal.type("init", "file/shop")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
