"""Without the extra `api` every command works that calls no service and serves nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.definitions import copy_definitions
from tests.cli.terminal import APP, PATIENCE_S, Terminal, open_terminal

EXTRA = ("cryptography", "fastapi", "httpcore", "httpx", "idna", "starlette", "uvicorn")
PROGRAM = f"""
import json, sys
for name in {EXTRA!r}:
    sys.modules[name] = None
from typer.testing import CliRunner
from ergate.cli.main import app
results = []
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, words)
    results.append([done.exit_code, done.stderr, repr(done.exception)])
print(json.dumps(results))
"""
WORKS = [
    ["--help"],
    ["services", "register", "."],
    ["services", "list"],
    ["services", "show", "upper"],
    ["workflows", "register", "."],
    ["workflows", "list"],
    ["workflows", "show", "process-text"],
    ["workflows", "graph", "process-text"],
    ["workflows", "check"],
    ["events", "send", "process-text", "--data", '{"message": "x"}', "--id", "one"],
    ["enqueue", "sums", "--input", "1", "--id", "two"],
    ["jobs", "list"],
    ["jobs", "show", "one"],
    ["jobs", "history", "two"],
    ["jobs", "cancel", "one"],
    ["queues", "list"],
    ["workers", "list"],
    ["feeds", "list"],
    ["backends", "list"],
    ["run", "--burst", "--processes", "1", "--queue", "memory"],
    ["workflows", "delete", "process-text"],
    ["services", "delete", "upper"],
    ["doctor"],
]
NEEDS_IT = [["services", "ping"], ["serve"]]


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for opened in open_terminal(tmp_path, monkeypatch):
        copy_definitions(opened)
        opened.write("app.py", APP)
        opened.write("ergate.toml", 'allowed_services = ["loopback"]')
        yield opened


def test_what_needs_no_extra_works_without_and_the_rest_says_what_to_install(
    terminal: Terminal,
) -> None:
    words = json.dumps([*WORKS, *NEEDS_IT])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, words],
        cwd=terminal.directory,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    results = json.loads(done.stdout)
    failed = [
        (words, result) for words, result in zip(WORKS, results, strict=False) if result[0] != 0
    ]
    assert failed == []
    for code, said, _ in results[len(WORKS) :]:
        assert (code, 'pip install "ergate[api]"' in said) == (2, True)
