"""Console sessions as pages show them: commands after `$`, and what they print."""

from __future__ import annotations

import doctest
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 60
CTRL_C = "^C"

_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>run|run in the background) -->\n+)?"
    r"```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page; `title` is the name of the file that it shows."""

    language: str
    text: str
    line: int
    title: str | None = None
    mark: str | None = None
    """What stands in a comment above it: "run", or "run in the background"."""


@dataclass(frozen=True)
class Command:
    """One command of a session; `is_interrupted` when the session ends it with Ctrl-C."""

    line: str
    output: str
    is_interrupted: bool


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Block(
            language=match["language"],
            text=match["text"],
            line=text.count("\n", 0, match.start()) + 1,
            title=match["title"],
            mark=match["mark"],
        )


def commands_of(session: str) -> Iterator[Command]:
    """Yield the commands of a console block, each with the output that is shown for it."""
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        shown = output.rstrip("\n")
        is_interrupted = shown.endswith(CTRL_C)
        shown = shown.removesuffix(CTRL_C).rstrip("\n")
        yield Command(line, f"{shown}\n" if shown else "", is_interrupted)


def assert_prints_what_is_shown(session: str, directory: Path) -> None:
    """Run the commands of a session one after the other, and compare what they print.

    `...` in the shown output stands for any text, and `^C` at its end for Ctrl-C.
    """
    for command in commands_of(session):
        got = (
            _interrupted(command, directory) if command.is_interrupted else _run(command, directory)
        )
        _compare(command, got)


@contextmanager
def running(session: str, directory: Path) -> Iterator[None]:
    """Keep a session's one command running; SIGTERM ends it.

    It is ready when it has printed as many lines as are shown, which are compared; where none is
    shown, when it says "Worker ready".
    """
    (command,) = commands_of(session)
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command.line}"],
        cwd=directory,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    try:
        _wait_until_ready(command, lines)
        yield
        assert process.poll() is None, f"$ {command.line}\nended by itself"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            reader.join(PATIENCE_S)
            if process.stdout is not None:
                process.stdout.close()


def _wait_until_ready(command: Command, lines: queue.SimpleQueue[str | None]) -> None:
    if command.output:
        got = [lines.get(timeout=PATIENCE_S) or "" for _ in command.output.splitlines()]
        _compare(command, "".join(got))
        return
    while "Worker ready" not in (line := lines.get(timeout=PATIENCE_S) or ""):
        assert line, f"$ {command.line}\nended before it was ready"


def _compare(command: Command, got: str) -> None:
    checker = doctest.OutputChecker()
    # Columns are as wide as what stands in them, and how long a step took is never the same.
    ways = doctest.ELLIPSIS, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if not any(checker.check_output(command.output, got, flags) for flags in ways):
        example = doctest.Example(command.line, command.output)
        difference = checker.output_difference(example, got, doctest.ELLIPSIS)
        raise AssertionError(f"$ {command.line}\n{difference}")


def _run(command: Command, directory: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=directory,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.stdout


def _interrupted(command: Command, directory: Path) -> str:
    """Run a command until it has printed as many lines as are shown, then press Ctrl-C."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command.line}"],
        cwd=directory,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    try:
        got = [lines.get(timeout=PATIENCE_S) for _ in command.output.splitlines()]
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)
        reader.join(PATIENCE_S)
        while not lines.empty():
            got.append(lines.get())
    finally:
        process.kill()
        process.wait()
        reader.join(PATIENCE_S)
        if process.stdout is not None:
            process.stdout.close()
    return "".join(line for line in got if line is not None)


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def _environment() -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Unbuffered, as on a terminal: what goes to both streams comes in its order.
    return os.environ | {"PATH": programs, "PYTHONUNBUFFERED": "1", "COLUMNS": "100"}
