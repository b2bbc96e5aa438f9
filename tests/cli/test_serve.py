"""`ergate serve`: what it prints, who may change something, how it stops, what it refuses."""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.served import BEARER, TOKEN, serving
from tests.cli.terminal import PATIENCE_S, Terminal, open_terminal
from tests.integration.journals.test_file_journal import filelog  # noqa: F401  a fixture

ORDER = {"workflow": "sums", "input": 1, "id": "one"}


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.write("app.py")
    return terminal


def test_without_a_token_it_shows_and_changes_nothing_and_says_how_to_make_one(
    shop: Terminal,
) -> None:
    with serving(shop) as served:
        assert served.client.get("/").headers["content-type"].startswith("text/html")
        assert served.client.get("/api/v1/workflows").json()[0]["name"] == "sums"
        assert served.client.post("/api/v1/jobs", json=ORDER).status_code == 403
        lines, err = served.stop()
        assert served.process.returncode == 0
    assert (served.started["event"], served.started["token"]) == ("serving", False)
    assert "sqlite" in served.started["state_store"]
    assert "no accepted job is lost" in served.started["promise"]
    assert "ERGATE_TOKEN=$(openssl rand -hex 16) ergate serve" in err
    assert [(line["message"], line.get("status")) for line in lines] == [
        ("GET /", 200),
        ("GET /api/v1/workflows", 200),
        ("POST /api/v1/jobs", 403),
        ("Stopping; requests that run have 10 s to end", None),
    ]


def test_with_the_token_jobs_are_handed_in_and_no_line_tells_it(shop: Terminal) -> None:
    with serving(shop, "--log-level", "debug", ERGATE_TOKEN=TOKEN) as served:
        created = served.client.post("/api/v1/jobs", json=ORDER, headers=BEARER)
        assert created.status_code == 201
        wrong = ORDER | {"id": "two", "input": "x"}
        assert served.client.post("/api/v1/jobs", json=wrong, headers=BEARER).status_code == 422
        served.client.get("/api/v1/jobs", params={"text": TOKEN}, headers=BEARER)
        lines, err = served.stop(signal.SIGINT)
        assert served.process.returncode == 0
    assert TOKEN not in json.dumps([served.started, *lines]) + err
    assert served.started["token"] is True
    assert shop.json("jobs", "show", "one")["status"] == "queued"


def test_without_an_app_it_registers_the_definitions_and_knows_them(terminal: Terminal) -> None:
    definition = {"name": "nothing", "operations": [{"name": "end", "type": "succeed"}]}
    terminal.write("workflow-nothing.json", json.dumps(definition))
    terminal.write("ergate.toml", 'definitions = "."')
    with serving(terminal) as served:
        assert served.client.get("/api/v1/workflows/nothing").json()["name"] == "nothing"
        assert "only declared workflows are known" in served.stop()[1]


def test_a_read_only_server_refuses_the_token_too(shop: Terminal) -> None:
    with serving(shop, "--read-only", ERGATE_TOKEN=TOKEN) as served:
        refused = served.client.post("/api/v1/jobs", json=ORDER, headers=BEARER)
        assert refused.status_code == 403
        assert "read-only" in served.stop()[1]


def test_a_journal_is_shown_and_not_changed(
    shop: Terminal,
    filelog: str,  # noqa: F811  the fixture
) -> None:
    shop.type("enqueue", "sums", "--input", "1", "--id", "one", "--state", filelog)
    with serving(shop, "--state", filelog, ERGATE_TOKEN=TOKEN) as served:
        assert served.client.get("/api/v1/jobs/one").json()["status"] == "queued"
        assert served.client.post("/api/v1/jobs", json=ORDER, headers=BEARER).status_code == 403
        assert "is a journal" in served.stop()[1]


def test_the_address_it_listens_on_is_a_name_of_its_own(shop: Terminal) -> None:
    with serving(shop, "--host", "127.0.0.2", ERGATE_TOKEN=TOKEN) as served:
        assert served.started["message"].startswith("Serving on http://127.0.0.2:")
        assert served.client.get("/api/v1/jobs", headers=BEARER).status_code == 200


def test_a_second_signal_stops_at_once(shop: Terminal) -> None:
    with serving(shop, ERGATE_TOKEN=TOKEN) as served:
        port = served.client.base_url.port
        assert port is not None
        with socket.create_connection(("127.0.0.1", port)) as slow:
            lines = ["POST /api/v1/jobs HTTP/1.1", "Host: localhost", "Content-Length: 9"]
            lines += ["Content-Type: application/json", f"Authorization: Bearer {TOKEN}"]
            slow.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            served.client.get("/healthcheck")  # by now the slow one is being read
            served.process.send_signal(signal.SIGINT)
            assert served.process.stdout is not None
            for line in served.process.stdout:
                if "Stopping" in line:
                    break
            before = time.monotonic()
            served.stop(signal.SIGINT)
        assert time.monotonic() - before < 5
        assert served.process.returncode == 1


def test_lines_for_people_have_the_same_words(shop: Terminal) -> None:
    process = shop.start("serve", "--port", "0")
    try:
        assert process.stdout is not None
        assert "Serving on http://127.0.0.1:" in process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--host", "0.0.0.0"], 2, "this server has no token"),
        (["--port", "nine"], 2, "flag --port: 'nine'"),
        (["--token", "short"], 2, "flag --token: ***"),
        (["--queue", "memory"], 2, "lives in the memory of one process"),
        (["--state", "redsi"], 2, 'Did you mean "redis"?'),
        (["--state", "sqlite:////proc/no/x.db"], 4, "/proc/no/x.db"),
        (["nowhere:app"], 2, "nowhere"),
    ],
)
def test_what_cannot_be_served_is_explained_without_a_traceback(
    shop: Terminal, arguments: list[str], code: int, said: str
) -> None:
    done = shop.type("serve", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told_with_what_to_do(shop: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shop.type("serve", "--port", str(port))
    assert done.exit_code == 2
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use." in done.stderr
    assert "--port 0" in done.stderr


def test_a_definition_with_a_fault_serves_nothing(shop: Terminal) -> None:
    shop.write("service-broken.json", '{"name": "broken"}')
    shop.write("ergate.toml", 'definitions = "."')
    done = shop.type("serve")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "service-broken.json" in done.stderr


def test_without_the_extra_it_says_what_to_install(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "ergate.api.serving", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = shop.type("serve")
    assert done.exit_code == 2
    assert 'pip install "ergate[api]"' in done.stderr
