"""`ergate serve` in a process of its own, and a client of it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.cli.terminal import PATIENCE_S, Terminal

TOKEN = "canary-of-the-served-0123"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Served:
    """A server in a process of its own, and a client of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        lines = map(json.loads, process.stdout)
        self.started = next(line for line in lines if line["event"] == "serving")
        address = self.started["message"].removeprefix("Serving on ")
        self.client = httpx.Client(base_url=address, trust_env=False)

    def stop(self, number: int = signal.SIGTERM) -> tuple[list[dict[str, object]], str]:
        """Send a signal; return the lines that were logged after the first, and stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return [json.loads(line) for line in out.splitlines()], err


@contextmanager
def serving(terminal: Terminal, *arguments: str, **environment: str) -> Iterator[Served]:
    words = ("serve", "--port", "0", "--log-format", "json", *arguments)
    process = terminal.start(*words, **environment)
    try:
        served = Served(process)
        with served.client:
            yield served
    finally:
        process.kill()
        process.communicate()
