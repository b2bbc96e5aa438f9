"""The whole way over HTTP: three services started and registered, a workflow, its event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.definitions import NAMES, copy_definitions, running_services
from tests.cli.served import BEARER, TOKEN, serving
from tests.cli.terminal import PATIENCE_S, Terminal, open_terminal

OUTPUTS = {"message": "! GNINROM EHT NI ESIR LLIW NUS EHT", "space_count": 7}


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for opened in open_terminal(tmp_path, monkeypatch):
        copy_definitions(opened)
        opened.write("ergate.toml", 'allowed_services = ["loopback"]')
        yield opened


def test_services_a_workflow_and_an_event_over_http(terminal: Terminal) -> None:
    def document(name: str) -> Any:
        return json.loads((terminal.directory / f"{name}.json").read_text())

    with running_services(terminal), serving(terminal, ERGATE_TOKEN=TOKEN) as served:
        client = served.client
        client.headers.update(BEARER)
        client.timeout = PATIENCE_S
        worker = terminal.start("run")
        try:
            for name in NAMES:
                answer = client.post("/s", json=document(f"service-{name}"))
                assert (answer.status_code, "service_id" in answer.json()) == (201, True)
            answer = client.post("/w", json=document("workflow-process-text"))
            assert (answer.status_code, "workflow_id" in answer.json()) == (201, True)
            sent = client.post("/e/process-text", json=document("event-text"))
            assert sent.status_code == 201
            job_id = sent.json()["event_id"]
            done = terminal.type("jobs", "wait", job_id, "--timeout", f"{PATIENCE_S}s")
            assert json.loads(done.stdout) == OUTPUTS
            event = client.get(sent.headers["Location"]).json()
            assert (event["status"], event["outputs"]) == ("completed", OUTPUTS)
        finally:
            worker.terminate()
            worker.communicate(timeout=PATIENCE_S)
