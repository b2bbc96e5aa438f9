"""What `ergate doctor` shows, and what it counts as a problem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.settings import Settings
from tests.cli.terminal import Terminal, open_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


def test_every_setting_is_shown_with_its_origin(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.write("app.py")
    terminal.write("ergate.toml", "concurrency = 4\n")
    monkeypatch.setenv("ERGATE_QUEUES", "a,b")
    settings = terminal.json("doctor", "--state", "sqlite:///jobs.db")["settings"]
    assert set(settings) == set(Settings.model_fields)
    expected = {
        "concurrency": ("4", "ergate.toml:1"),
        "queues": ("a,b", "environment ERGATE_QUEUES"),
        "state_store": ("sqlite:///jobs.db", "flag --state"),
        "processes": ("1", "default"),
    }
    for name, (value, origin) in expected.items():
        assert settings[name] == {"value": value, "origin": origin}


def test_secrets_are_masked_everywhere(terminal: Terminal) -> None:
    done = terminal.type("doctor", "--queue", "redis://me:pass%40word@host/0?password=pass")
    assert "pass%40word" not in done.output
    assert "=pass" not in done.output
    assert "redis://me:***@host" in done.stdout


def test_all_is_well_with_an_app_and_the_default_store(terminal: Terminal) -> None:
    terminal.write("app.py")
    done = terminal.type("doctor")
    assert done.exit_code == 0
    for text in ("app:app", "sums: double, add", "round trip", "SQLite library", "All is well."):
        assert text in done.stdout


def test_a_broken_app_is_a_problem(terminal: Terminal) -> None:
    terminal.write("app.py", "1 / 0")
    document = terminal.json("doctor")
    assert document["ok"] is False
    assert [one["level"] for one in document["app"] if one["subject"] == "app"] == ["problem"]


def test_no_app_at_all_is_none(terminal: Terminal) -> None:
    document = terminal.json("doctor")
    assert document["ok"] is True
    assert [one["level"] for one in document["app"] if one["subject"] == "app"] == ["warning"]


def test_a_backend_that_is_not_there_is_a_problem_with_its_cure(terminal: Terminal) -> None:
    done = terminal.type("doctor", "--queue", "nope://host")
    assert done.exit_code == 1
    assert 'unknown scheme "nope"' in done.stdout
    assert "Something is wrong" in done.stdout


def test_a_misspelt_variable_is_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERGATE_PROCESES", "3")
    assert 'Did you mean "ERGATE_PROCESSES"?' in terminal.type("doctor").stdout


def test_the_debug_switch_is_no_misspelt_setting(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERGATE_DEBUG", "1")
    assert "ERGATE_DEBUG" not in terminal.type("doctor").stdout


@pytest.mark.parametrize(
    ("settings", "level", "said"),
    [
        ('allowed_services = ["loopback"]', "ok", "loopback"),
        ('allowed_services = ["300.1.1.1/8"]', "problem", '"300.1.1.1/8"'),
        ("allowed_services = []", "ok", "no service is called"),
        ('[credentials.pay]\ntype = "bearer"\ntoken = "canary-1"', "problem", "needs hosts"),
        (
            '[credentials.pay]\ntype = "bearer"\ntoken = "canary-1"\nhosts = ["pay.example"]',
            "ok",
            "pay",
        ),
        ('signing_keys = ["canary-2"]', "problem", "A key for webhooks is whsec_"),
        ('public_url = "https://ergate.example"', "warning", "there is no key"),
        ('services_ca_file = "no.pem"', "problem", "no.pem is no file"),
        ('definitions = "nowhere"', "problem", "nowhere is no directory"),
        ('definitions = "."', "problem", "service-broken.json is no JSON"),
        ('token = "canary-3-canary-3"', "ok", "changes something with the token"),
        ("read_only = true", "ok", "only shows"),
    ],
)
def test_the_settings_of_services_are_looked_at(
    terminal: Terminal, settings: str, level: str, said: str
) -> None:
    terminal.write("service-broken.json", "{")
    terminal.write("ergate.toml", settings)
    document = terminal.json("doctor")
    assert [one["level"] for one in document["services"] if said in one["detail"]] == [level]
    assert document["ok"] is (level != "problem")
    assert "canary" not in str(document)


def test_registered_services_that_would_not_be_called_are_told_of(terminal: Terminal) -> None:
    service = {"name": "slow", "address": "http://127.0.0.1:1/", "finishes_within_s": 60}
    terminal.type("services", "register", "-", given=json.dumps(service))
    warned = [one["detail"] for one in terminal.json("doctor")["services"] if one["level"] != "ok"]
    assert '"slow" would not be called. 127.0.0.1 is loopback' in warned[0]
    assert 'finishes_within_s of "slow" has no effect' in warned[1]
