"""`ergate services`, and registering definitions with `ergate workflows`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.definitions import NAMES, copy_definitions, running_services
from tests.cli.terminal import APP, Terminal, open_terminal

SERVICES = [f"service-{name}.json" for name in NAMES]
WORKFLOW = "workflow-process-text.json"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for opened in open_terminal(tmp_path, monkeypatch):
        copy_definitions(opened)
        opened.write("ergate.toml", 'allowed_services = ["loopback"]')
        yield opened


@pytest.fixture
def registered(terminal: Terminal) -> Terminal:
    assert terminal.type("services", "register", *SERVICES).exit_code == 0
    assert terminal.type("workflows", "register", WORKFLOW).exit_code == 0
    return terminal


def test_files_are_registered_and_listed(terminal: Terminal) -> None:
    done = terminal.type("services", "register", *SERVICES)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [line.split(", version ")[0] for line in done.stdout.splitlines()]
    assert lines == [f"service {name} registered" for name in NAMES]
    assert [one["name"] for one in terminal.json("services", "list")] == sorted(NAMES)


def test_a_directory_is_read_by_the_names_of_its_files(terminal: Terminal) -> None:
    services = terminal.json("services", "register", ".")
    assert [one["name"] for one in services] == sorted(NAMES)
    workflows = terminal.json("workflows", "register", ".")
    assert [one["name"] for one in workflows] == ["process-text"]
    assert len(workflows[0]["version"]) == 64


def test_a_directory_without_such_files_is_told_of(terminal: Terminal) -> None:
    (terminal.directory / "empty").mkdir()
    done = terminal.type("services", "register", "empty")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "empty has no file named service-*.json" in done.stderr


def test_a_document_may_come_by_standard_input(terminal: Terminal) -> None:
    text = (terminal.directory / SERVICES[0]).read_text()
    assert terminal.type("services", "register", "-", given=text).exit_code == 0
    wrong = terminal.type("services", "register", "-", given="{")
    assert (wrong.exit_code, "standard input: is no JSON" in wrong.stderr) == (2, True)


def test_every_fault_of_every_file_is_told_and_the_others_are_registered(
    terminal: Terminal,
) -> None:
    terminal.write("broken.json", '{"name": "a b", "address": "ftp://x", "inputs": 1}')
    done = terminal.type("services", "register", "broken.json", "absent.json", SERVICES[0])
    assert done.exit_code == 2
    for part in ("broken.json", "name: is", "address: must begin with http", "inputs:", "absent"):
        assert part in done.stderr
    assert done.stdout.startswith("service upper registered")
    assert [one["name"] for one in terminal.json("services", "list")] == ["upper"]


def test_a_workflow_names_what_is_not_registered(terminal: Terminal) -> None:
    done = terminal.type("workflows", "register", WORKFLOW)
    assert (done.exit_code, done.stdout) == (2, "")
    for name in NAMES:
        assert f'"{name}"' in done.stderr


def test_a_service_that_these_settings_would_not_call_is_told_of(terminal: Terminal) -> None:
    terminal.write("ergate.toml", "")
    document = json.loads((terminal.directory / SERVICES[0]).read_text())
    terminal.write("pay.json", json.dumps(document | {"credential": "pay"}))
    done = terminal.type("services", "register", "pay.json")
    assert done.exit_code == 0
    assert (
        '127.0.0.1 is loopback and not on the list of the setting allowed_services. Add "loop'
        in (done.stderr)
    )
    assert 'The settings have no credential "pay"' in done.stderr


def test_a_list_says_who_calls_a_service(registered: Terminal) -> None:
    table = registered.type("services", "list").stdout
    assert table.count("process-text") == 3
    shown = registered.type("services", "show", "upper").stdout
    assert "http://127.0.0.1:5001/" in shown
    assert "The text to write in capitals" in shown


def test_a_service_is_shown_by_its_name_or_its_id(registered: Terminal) -> None:
    shown = registered.json("services", "show", "upper")
    assert shown["address"] == "http://127.0.0.1:5001/"
    assert registered.json("services", "show", shown["id"]) == shown
    missing = registered.type("services", "show", "uper")
    assert (missing.exit_code, 'Did you mean "upper"?' in missing.stderr) == (3, True)


def test_a_service_goes_only_when_nothing_calls_it(registered: Terminal) -> None:
    kept = registered.type("services", "delete", "upper")
    assert kept.exit_code == 2
    assert 'is called by the workflow "process-text"' in kept.stderr
    gone = registered.type("workflows", "delete", "process-text")
    assert (gone.exit_code, gone.stdout) == (0, "workflow process-text removed\n")
    assert registered.json("services", "delete", "upper") == {"removed": "upper"}
    assert registered.type("services", "delete", "upper").exit_code == 3


def test_declared_workflows_are_shown_beside_those_of_the_app(registered: Terminal) -> None:
    assert [one["declared"] for one in registered.json("workflows", "list")] == [True]
    assert "upper" in registered.type("workflows", "show", "process-text").stdout
    assert "space-counter" in registered.type("workflows", "graph", "process-text").stdout
    assert registered.type("workflows", "check").stdout == "1 workflow, no fault\n"
    registered.write("app.py", APP)
    both = registered.json("workflows", "list")
    assert [(one["name"], one["declared"]) for one in both] == [
        ("process-text", True),
        ("sums", False),
    ]
    rows = [line.split()[:3] for line in registered.type("workflows", "list").stdout.splitlines()]
    assert rows[1:] == [["process-text", "definition", "3"], ["sums", "app", "2"]]
    assert registered.type("workflows", "check").stdout == "2 workflows, no fault\n"


def test_an_unknown_name_lists_declared_workflows_too(registered: Terminal) -> None:
    registered.write("app.py", APP)
    for words in (["enqueue"], ["workflows", "show"], ["events", "send", "--data", "{}"]):
        done = registered.type(*words, "process-txt")
        assert done.exit_code == 3, words
        assert 'Did you mean "process-text"? Registered: process-text, sums.' in done.stderr


def test_the_name_of_a_workflow_of_the_app_is_taken(terminal: Terminal) -> None:
    terminal.write("app.py", APP)
    definition = {"name": "sums", "operations": [{"name": "end", "type": "succeed"}]}
    terminal.write("sums.json", json.dumps(definition))
    done = terminal.type("workflows", "register", "sums.json")
    assert (done.exit_code, '"sums" is a workflow of the app' in done.stderr) == (2, True)


def test_a_store_that_cannot_be_read_hides_nothing_of_the_app(terminal: Terminal) -> None:
    terminal.write("app.py", APP)
    away = terminal.type("workflows", "list", "--state", "sqlite:////proc/no/x.db")
    assert (away.exit_code, "sums" in away.stdout) == (0, True)
    assert "declared workflows are left out" in away.stderr
    private = terminal.type("workflows", "list", "--queue", "memory")
    assert (private.exit_code, private.stderr, "sums" in private.stdout) == (0, "", True)


def test_ping_tells_of_each_service_whether_it_answers(registered: Terminal) -> None:
    with running_services(registered):
        registered.type("services", "register", *SERVICES[:2])
        found = {one["name"]: one for one in registered.json("services", "ping")}
        assert registered.type("services", "ping", "upper").exit_code == 0
    assert [found[name]["status"] for name in NAMES] == [501, 501, None]  # HEAD is unknown to them
    done = registered.type("services", "ping", "upper")
    assert (done.exit_code, "cannot be connected to" in done.stdout) == (1, True)


def test_only_ping_needs_the_extra(registered: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore", None)
    for name in [name for name in sys.modules if name.startswith("ergate.services.exchange")]:
        monkeypatch.delitem(sys.modules, name)
    assert registered.type("services", "list").exit_code == 0
    done = registered.type("services", "ping")
    assert (done.exit_code, 'pip install "ergate[api]"' in done.stderr) == (2, True)


def test_a_service_that_could_not_finish_later_is_told_of(terminal: Terminal) -> None:
    service = {"name": "slow", "address": "http://127.0.0.1:1/", "finishes_within_s": 60}
    text = json.dumps(service)
    done = terminal.type("services", "register", "-", given=text)
    assert (done.exit_code, 'finishes_within_s of "slow" has no effect' in done.stderr) == (0, True)
    key = "whsec_" + "a" * 44
    terminal.write(
        "ergate.toml",
        f'allowed_services = ["loopback"]\npublic_url = "https://e.example"\n'
        f'signing_keys = ["{key}"]',
    )
    assert terminal.type("services", "register", "-", given=text).stderr == ""
