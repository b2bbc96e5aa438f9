"""The order of the example, with the services that are there to try it out."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import PATIENCE_S, Terminal, open_terminal

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/definitions"
NAMES = ("payments", "shipping", "mail")
READY = "Uvicorn running on "


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for opened in open_terminal(tmp_path, monkeypatch):
        opened.write("ergate.toml", (EXAMPLE / "ergate.toml").read_text())
        yield opened


@pytest.fixture
def shop(terminal: Terminal) -> Iterator[Terminal]:
    """Run the services and a worker, with everything registered."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
    services = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "shop:app", "--port", port],
        cwd=EXAMPLE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert services.stderr is not None
    assert any(READY in line for line in services.stderr), "the services did not start"
    for name in NAMES:
        text = (EXAMPLE / f"service-{name}.json").read_text()
        document = text.replace("127.0.0.1:5004", f"127.0.0.1:{port}")
        assert terminal.type("services", "register", "-", given=document).stderr == ""
    workflow = str(EXAMPLE / "workflow-order.json")
    assert terminal.type("workflows", "register", workflow).stderr == ""
    worker = terminal.start("run")
    try:
        yield terminal
    finally:
        for process in (worker, services):
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


def send(shop: Terminal, *arguments: str, **changes: Any) -> Any:
    event = json.loads((EXAMPLE / "event-order.json").read_text())["data"] | changes
    words = ("events", "send", "order", "--data", json.dumps(event), *arguments)
    return shop.json(*words)


def test_orders_are_shipped_refused_failed_or_wait(shop: Terminal) -> None:
    wait = ("--wait", "--timeout", f"{PATIENCE_S}s")
    past = {"ship_at": "2026-01-01T00:00:00Z"}
    waits = send(shop)
    shipped = send(shop, *wait, **past)
    assert (shipped["status"], shipped["outputs"]) == (
        "completed",
        {"result": "shipped", "tracking": "Ulm-1"},
    )
    history = shop.json("jobs", "history", shipped["event_id"])
    assert "The bank is busy." in json.dumps(history), "the first charge was tried again"
    refused = send(shop, *wait, card="tok_declined", **past)
    assert refused["outputs"] == {"result": "refused"}
    failed = send(shop, *wait, order={"total": 0, "items": []})
    assert (failed["status"], failed["error"]["name"]) == ("failed", "EmptyOrder")
    job = shop.json("jobs", "show", waits["event_id"])
    assert (job["status"], job["step_name"]) == ("scheduled", "ship")
