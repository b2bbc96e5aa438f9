"""What comes from jobs, and would steer a terminal or hide in it, is printed as harmless text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.cli.main import app as command_line
from ergate.display.escape import escape
from tests import hostile_app
from tests.hostile import NAMES, TEXTS

APP = ("--app", "tests.hostile_app:app")


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "240")
    opened = open_broker("sqlite", None)
    assert isinstance(opened, Broker)
    yield opened
    opened.close()


def printed(*words: str) -> str:
    """Return what a command prints, and fail if a terminal would obey anything in it."""
    done = CliRunner().invoke(command_line, list(words), prog_name="ergate")
    assert done.exit_code == 0, done.output
    assert [one for one in done.output if not one.isprintable() and one != "\n"] == [], words
    return done.output


def missing(texts: Sequence[str], output: str, most: int) -> list[str]:
    return [text for text in texts if escape(text)[:most] not in output]


def test_lists_hold_no_control_characters(broker: Broker) -> None:
    hostile_app.hand_in(broker)
    hostile_app.let_wait(broker)
    hostile_app.bury(broker)
    lists = (
        ("jobs", "list", "--limit", "200"),
        ("queues", "list"),
        ("queues", "dead", "list"),
    )
    for words in lists:
        assert missing(TEXTS, printed(*words), 3) == []
        printed(*words, "--json")
    printed("workers", "list")
    printed("workers", "list", "--json")
    assert missing(NAMES, printed("workflows", "list", *APP), 3) == []
    printed("workflows", "list", *APP, "--json")


def test_a_job_and_its_history_hold_no_control_characters(broker: Broker) -> None:
    for job_id, text in hostile_app.hand_in(broker).items():
        assert escape(text)[:20] in printed("jobs", "show", job_id)
        assert escape(text)[:20] in printed("jobs", "history", job_id)


def test_a_workflow_and_a_dead_letter_hold_no_control_characters(broker: Broker) -> None:
    hostile_app.bury(broker)
    for letter, text in zip(hostile_app.LETTERS, TEXTS, strict=True):
        assert escape(text.splitlines()[0])[:20] in printed("queues", "dead", "show", letter)
    for name in NAMES:
        assert escape(name)[:10] in printed("workflows", "show", *APP, "--", name)
