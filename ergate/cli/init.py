"""`ergate init`: a working app, its settings and a test."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from ergate.cli.options import examples_text, new_app
from ergate.cli.printing import print_line
from ergate.errors import UsageError

app = new_app("Start a new app.")

FILES = ("myapp.py", "test_myapp.py", "ergate.toml")


@app.command(epilog=examples_text("ergate init", "ergate init shop"))
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; made if it is not there.")
    ] = Path(),
) -> None:
    """Write an app of three steps, its settings and a test.

    Overwrites nothing: exit code 2 when one of the files is there already.
    """
    there = [name for name in FILES if (directory / name).exists()]
    if there:
        raise UsageError(
            f"{directory.resolve()} has {', '.join(there)} already, and nothing was written. "
            "Name another directory, as in: ergate init shop"
        )
    _write(directory)
    print_line(_next_steps(directory))


def _write(directory: Path) -> None:
    templates = resources.files("ergate.cli") / "templates"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            # "x": a file that somebody wrote a moment ago is theirs.
            with (directory / name).open("x", encoding="utf-8") as file:
                file.write((templates / f"{name}.txt").read_text("utf-8"))
    except OSError as exc:
        raise UsageError(f"{exc.filename or directory} cannot be written: {exc.strerror}.") from exc


def _next_steps(directory: Path) -> str:
    enter = [] if directory.resolve() == Path.cwd() else [f"cd {os.fspath(directory)}"]
    lines = [
        *enter,
        "ergate run",
        "",
        "and, while it runs, in another terminal:",
        "",
        *enter,
        'ergate enqueue order --input \'{"item": "tea", "count": 2}\' --wait',
        "ergate jobs list",
        "pytest",
    ]
    written = ", ".join(FILES)
    return f"Wrote {written}. Now:\n\n" + "\n".join(f"  {line}".rstrip() for line in lines)
