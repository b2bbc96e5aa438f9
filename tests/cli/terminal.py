"""A directory with a small app, and the command line as somebody types it there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ergate.cli.main import app as command_line

ERGATE = Path(sys.executable).with_name("ergate")
PATIENCE_S = 60

APP = """
from ergate import Ergate, Workflow

workflow = Workflow("sums")


@workflow.step
def double(n: int) -> int:
    if n < 0:
        raise ValueError("no \\x1b[2J less")
    return 2 * n


@workflow.step
def add(n: int) -> int:
    print("adding to", n)
    return n + 1


app = Ergate()
app.register_workflow(workflow)
"""


class Terminal:
    """Types commands in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, name: str, text: str = APP) -> Path:
        """Write a file into the directory."""
        path = self.directory / name
        path.write_text(text)
        return path

    def type(self, *arguments: str, given: str | None = None) -> Result:
        """Run a command in this process; what it printed and its exit code are in the result."""
        return CliRunner().invoke(command_line, list(arguments), input=given, prog_name="ergate")

    def json(self, *arguments: str) -> Any:
        """Run a command with `--json` and return the document that it prints."""
        done = self.type(*arguments, "--json")
        assert done.exit_code in (0, 1), done.output
        return json.loads(done.stdout)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [ERGATE, *arguments],
            cwd=self.directory,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def burst(self, *arguments: str) -> str:
        """Run workers until nothing is left, and return what they printed."""
        done = self.start("run", "--burst", *arguments)
        out, err = done.communicate(timeout=PATIENCE_S)
        assert done.returncode == 0, err
        return out


def open_terminal(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Yield a terminal in `directory`, and forget the modules that it loaded from there."""
    before, path = set(sys.modules), list(sys.path)
    monkeypatch.chdir(directory)
    yield Terminal(directory)
    sys.path[:] = path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and Path(file).is_relative_to(directory):
            del sys.modules[name]
