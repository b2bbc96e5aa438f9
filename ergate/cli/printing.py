"""What commands print: results to stdout, everything else to stderr, all of it escaped."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ergate.jobs.job import Job

_PIPE_WIDTH = 200
"""The width of tables where there is no terminal, so that nothing is cut in a pipe."""


def print_json(document: object) -> None:
    """Print one JSON document to stdout; it is harmless to a terminal and still the same JSON."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print_line("".join(_json_safe(character, encoding) for character in text))


def _json_safe(character: str, encoding: str) -> str:
    if character == "\n" or (character.isprintable() and _encodable(character, encoding)):
        return character
    # Outside of strings JSON has no such characters, and inside this escape means the same.
    return json.dumps(character)[1:-1] if not character.isascii() else f"\\u{ord(character):04x}"


def _encodable(character: str, encoding: str) -> bool:
    if character.isascii():
        return True
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def job_document(job: Job) -> dict[str, object]:
    """Return a whole job as plain JSON values."""
    from ergate.documents import jobs

    return jobs.job_document(job)


def print_line(text: str) -> None:
    """Print a line of our own, or an id, to stdout."""
    _write(sys.stdout, f"{text}\n")


def tell(text: str) -> None:
    """Tell a person something on stderr, each line escaped."""
    from ergate.display.escape import encodable, escape_lines

    lines = "\n".join(escape_lines(text))
    _write(sys.stderr, encodable(lines, sys.stderr.encoding) + "\n")


def show(renderable: RenderableType, *, wrap: bool = True) -> None:
    """Print a table, a tree or a text of `ergate.display` to stdout.

    Without `wrap` long lines are left to the terminal, so that they can be copied whole.
    """
    from ergate.display.console import make_console

    console = make_console(sys.stdout)
    console.width = stdout_width()
    console.print(renderable, soft_wrap=not wrap)


def stdout_width() -> int:
    """Return how many columns stdout has; a pipe has plenty."""
    from shutil import get_terminal_size

    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return get_terminal_size().columns
    return _PIPE_WIDTH


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
