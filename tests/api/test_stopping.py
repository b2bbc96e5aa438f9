"""A signal ends a server that somebody watches, and a port that is taken is told of."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ergate.api.serving import serve
from ergate.errors import UsageError

PROGRAM = """
import sys
from ergate.api.app import create_api
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.api.serving import serve
from ergate.brokers.opening import open_broker

broker = open_broker(f"sqlite:///{sys.argv[1]}/jobs.db", None)
serve(create_api(Place(broker=broker), Security()), port=int(sys.argv[2]))
broker.close()
print("closed")
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            assert client.get("/healthcheck").status_code == 204
            return
        except httpx.ConnectError:
            time.sleep(0.05)
    pytest.fail("the server did not start")


def test_a_signal_ends_a_server_with_an_open_stream(tmp_path: Path, project_root: Path) -> None:
    port = free_port()
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(port)],
        cwd=project_root,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_for(client)
            with client.stream("GET", "/api/v1/stream") as answer:
                lines = answer.iter_lines()
                next(lines)
                asked = time.monotonic()
                program.send_signal(signal.SIGTERM)
                list(lines)  # ends, as the server ends the stream
        out, _ = program.communicate(timeout=20)
    finally:
        program.kill()
        program.wait()
    assert time.monotonic() - asked < 8
    assert (out, program.returncode) == ("closed\n", 0)


def test_a_port_that_is_taken_is_told_of(api: FastAPI) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="cannot be listened on"):
            serve(api, port=port)
