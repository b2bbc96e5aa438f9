"""A terminal in a directory with the definitions of the example, and its services if wanted."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from tests.cli.terminal import PATIENCE_S, Terminal

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("upper", "reverse", "space-counter")


def copy_definitions(terminal: Terminal) -> None:
    """Put the three services, their workflow and its event where the terminal is."""
    for name in (*(f"service-{name}" for name in NAMES), "workflow-process-text", "event-text"):
        shutil.copy(EXAMPLES / "definitions" / f"{name}.json", terminal.directory)


@contextmanager
def running_services(terminal: Terminal) -> Iterator[None]:
    """Run the three services on free ports, and let their definitions say where."""
    program = [sys.executable, str(EXAMPLES / "microservices/services.py"), "--port", "0"]
    with Popen(program, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        for name, address in [process.stdout.readline().split() for _ in NAMES]:
            file = terminal.directory / f"service-{name}.json"
            file.write_text(json.dumps(json.loads(file.read_text()) | {"address": address}))
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
