"""Many jobs from the lines of a file or a pipe, in batches that are accepted whole."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

from ergate.cli.inputs import reason
from ergate.cli.printing import print_json, print_line, tell
from ergate.cli.progress import Advance, progress_bar
from ergate.errors import BackendError, PayloadError, UsageError, ValidationError

if TYPE_CHECKING:
    from ergate.client import Client, JsonText, Wish

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input, by its number from 1."""

    number: int
    text: str
    size: int
    """In bytes, its end included."""


@dataclass(slots=True)
class Tally:
    """How far the work has come."""

    jobs: int = 0
    line: int = 0
    """The last line that was dealt with; all before it were too."""


def enqueue_lines(
    client: Client[Any], workflow: str, source: str, wish: Wish, *, skip: int, as_json: bool
) -> None:
    """Hand in one job for each line that is not empty; `source` is a file, or `-` for stdin.

    A batch is accepted whole or not at all, so at an error it is known where to go on.
    Raises `ValidationError` and `PayloadError` naming the line, `BackendError`, `UsageError`.
    """
    tally = Tally(line=skip)
    try:
        with _opened(source) as (stream, size), progress_bar(size) as advance:
            _enqueue_all(client, workflow, _numbered(stream, source, skip), wish, tally, advance)
    except (ValidationError, PayloadError, BackendError, UsageError) as exc:
        raise type(exc)(f"{exc}\n{_how_to_go_on(tally)}") from exc
    except KeyboardInterrupt:
        tell(f"Interrupted. {_how_to_go_on(tally)}")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json({"accepted": tally.jobs, "lines": tally.line})
    else:
        print_line(f"{tally.jobs} jobs accepted.")


def _how_to_go_on(tally: Tally) -> str:
    if not tally.line:
        return "No job was accepted."
    return f"{tally.jobs} jobs were accepted; go on after them with: --skip {tally.line}"


def _enqueue_all(
    client: Client[Any],
    workflow: str,
    lines: Iterator[Line],
    wish: Wish,
    tally: Tally,
    advance: Advance,
) -> None:
    from ergate.client import BATCH

    while batch := list(islice(lines, BATCH)):
        with _undisturbed():
            tally.jobs += _enqueue_batch(client, workflow, batch, wish)
            tally.line = batch[-1].number
        advance(tally.jobs, sum(line.size for line in batch))


def _enqueue_batch(client: Client[Any], workflow: str, batch: list[Line], wish: Wish) -> int:
    from ergate.client import JsonText

    at = batch[0]

    def inputs() -> Iterator[JsonText]:
        nonlocal at
        for line in batch:
            if line.text.strip():
                at = line
                yield JsonText(line.text)

    try:
        return sum(1 for _ in client.enqueue_many(workflow, inputs(), wish))
    except (ValidationError, PayloadError) as exc:
        raise type(exc)(f"Line {at.number}: {exc}") from exc


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put Ctrl-C off to the end of the block, so that nobody wonders what became of a batch."""
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


# --- reading --------------------------------------------------------------------------------------


@contextmanager
def _opened(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """Open the source; its size in bytes is None where it cannot be known."""
    if source == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(source)
    try:
        stream: IO[bytes] = path.open("rb")
    except OSError as exc:
        raise UsageError(f"--from: {source} cannot be read: {reason(exc)}.") from exc
    with stream:
        yield stream, path.stat().st_size if path.is_file() else None


def _numbered(stream: IO[bytes], source: str, skip: int) -> Iterator[Line]:
    number = 0
    try:
        for number, data in enumerate(stream, start=1):
            if number > skip:
                # Some programs begin a file with a mark that is no part of its text.
                encoding = "utf-8-sig" if number == 1 else "utf-8"
                yield Line(number, data.decode(encoding), len(data))
    except UnicodeDecodeError as exc:
        raise UsageError(f"--from: line {number} of {source}: {reason(exc)}.") from exc
    except OSError as exc:
        raise UsageError(f"--from: {source} cannot be read: {reason(exc)}.") from exc
