"""`ergate events send`: by name or id, with the data bare or wrapped, waited for or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.definitions import NAMES, copy_definitions, running_services
from tests.cli.terminal import APP, Terminal, open_terminal

OUTPUTS = {"message": "! GNINROM EHT NI ESIR LLIW NUS EHT", "space_count": 7}
SEND = ("events", "send", "process-text")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for opened in open_terminal(tmp_path, monkeypatch):
        copy_definitions(opened)
        opened.write("ergate.toml", 'allowed_services = ["loopback"]')
        opened.type("services", "register", ".")
        opened.type("workflows", "register", ".")
        yield opened


def test_the_walk_from_services_to_the_end_of_an_event(terminal: Terminal) -> None:
    """Three services started and registered, the workflow defined, its event sent."""
    with running_services(terminal):
        files = [f"service-{name}.json" for name in NAMES]
        assert terminal.type("services", "register", *files).exit_code == 0
        assert terminal.type("workflows", "register", ".").exit_code == 0
        sent = terminal.type(*SEND, "--data", "@event-text.json", "--id", "sun")
        assert (sent.exit_code, sent.stdout) == (0, "sun\n")
        terminal.burst()
        done = terminal.type(*SEND, "--data", "@event-text.json", "--id", "sun", "--wait")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == OUTPUTS
    again = terminal.json(*SEND, "--data", "@event-text.json", "--id", "sun", "--wait")
    assert (again["status"], again["outputs"]) == ("completed", OUTPUTS)
    assert terminal.json("jobs", "show", "sun")["last_return_value"] == OUTPUTS


def test_the_data_may_be_bare_or_stand_under_data(terminal: Terminal) -> None:
    for data in ('{"message": "x"}', '{"data": {"message": "x"}}'):
        event = terminal.json(*SEND, "--data", data)
        assert (event["workflow"], event["status"]) == ("process-text", "queued")
        job = terminal.json("jobs", "show", event["event_id"])
        assert job["initial_input_value"] == {"message": "x"}


def test_data_may_come_by_standard_input(terminal: Terminal) -> None:
    done = terminal.type(*SEND, "--data", "-", given='{"data": {"message": "x"}}')
    assert (done.exit_code, len(done.stdout.split())) == (0, 1)


def test_a_workflow_is_named_by_its_id_too(terminal: Terminal) -> None:
    (workflow,) = terminal.json("workflows", "register", ".")
    event = terminal.json("events", "send", workflow["id"], "--data", '{"message": "x"}')
    assert event["workflow"] == "process-text"


def test_an_event_may_be_of_a_workflow_of_the_app(terminal: Terminal) -> None:
    terminal.write(
        "app.py", APP.replace("n: int) -> int:\n    if n", "n: dict[str, int]) -> int:\n    if 0")
    )
    event = terminal.json("events", "send", "sums", "--data", '{"n": 1}')
    assert event["workflow"] == "sums"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([*SEND, "--data", '{"massage": 1}'], 2, 'has the unknown key "massage"'),
        ([*SEND, "--data", "{}"], 2, "message: is missing"),
        ([*SEND, "--data", "[1]"], 2, "an event is a JSON object"),
        ([*SEND, "--data", "nonsense"], 2, "--data: 'nonsense' is no JSON"),
        ([*SEND, "--data", "@absent.json"], 2, "absent.json cannot be read"),
        ([*SEND, "--data", "{}", "--timeout", "1s"], 2, "--timeout says how long to --wait"),
        (["events", "send", "procss-text", "--data", "{}"], 3, 'Did you mean "process-text"?'),
    ],
)
def test_what_cannot_be_sent_is_explained(
    terminal: Terminal, arguments: list[str], code: int, said: str
) -> None:
    done = terminal.type(*arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert terminal.json("jobs", "list") == []


def test_an_event_that_does_not_end_in_time_goes_on(terminal: Terminal) -> None:
    done = terminal.type(*SEND, "--data", '{"message": "x"}', "--wait", "--timeout", "10ms")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no worker serves the queue" in done.stderr
    assert "ergate jobs watch" in done.stderr


def test_an_event_that_fails_says_why(terminal: Terminal) -> None:
    definition = {
        "name": "fails",
        "inputs": [{"name": "key", "type": "string", "required": False}],
        "operations": [
            {
                "name": "look",
                "type": "choice",
                "choices": [{"when": {"value": "$.key", "is_present": True}, "next": "open"}],
                "default": "end",
            },
            {"name": "open", "type": "succeed"},
            {"name": "end", "type": "fail", "error": "Closed", "cause": "No shop."},
        ],
    }
    terminal.write("workflow-fails.json", json.dumps(definition))
    assert terminal.type("workflows", "register", "workflow-fails.json").exit_code == 0
    send = ("events", "send", "fails", "--data", "{}", "--id", "one")
    terminal.type(*send)
    terminal.burst()
    done = terminal.type(*send, "--wait")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Closed: No shop." in done.stderr
    assert terminal.json(*send, "--wait")["error"] == {
        "name": "Closed",
        "message": "No shop.",
        "step": "end",
    }
