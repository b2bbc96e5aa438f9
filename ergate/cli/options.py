"""The options that many commands share, and how commands are declared."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from ergate.cli.times import TIME_FORM, duration, moment, since

AppOption = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="APP",
        help="The app, as module:attribute or file.py:attribute; else the one found here.",
    ),
]
AppArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="APP",
        help="The app, as module:attribute or file.py:attribute; else the one found here.",
    ),
]
QueueOption = Annotated[
    str | None,
    typer.Option("--queue", metavar="ADDRESS", help="Where jobs wait: a backend's name or a URL."),
]
StateOption = Annotated[
    str | None,
    typer.Option("--state", metavar="ADDRESS", help="Where jobs are kept: a name or a URL."),
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="The [profiles.NAME] of the settings file."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of text for people.")
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        parser=duration,
        help="Give up waiting after this long (30s, 5m); the job goes on.",
    ),
]
SinceOption = Annotated[
    float | None,
    typer.Option(
        "--since",
        metavar="TIME",
        parser=since,
        help=f"Only what is younger: an age such as 1h, or {TIME_FORM}.",
    ),
]
AtOption = Annotated[
    datetime | None,
    typer.Option("--at", metavar="TIME", parser=moment, help=f"Start not before {TIME_FORM}."),
]
InOption = Annotated[
    float | None,
    typer.Option("--in", metavar="DURATION", parser=duration, help="Start after 30s, 5m, 1h30m…"),
]


def new_app(summary: str, *examples: str) -> typer.Typer:
    """Return the typer app of one noun; its `--help` ends with `examples`, lines to be run."""
    return typer.Typer(
        help=summary,
        epilog=examples_text(*examples) or None,
        no_args_is_help=True,
        add_completion=False,
        # Square brackets in help texts are meant as they stand.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def examples_text(*examples: str) -> str:
    """Return lines to be run as the epilog of a command's `--help`: `epilog=examples_text(…)`."""
    # \b keeps click from joining the lines.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples) if examples else ""
