"""Asks before something is done that cannot be taken back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ergate.cli.printing import tell
from ergate.errors import UsageError

YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask; needed where nobody can answer.")
]


def confirm(question: str, *, yes: bool) -> None:
    """Return when `yes` was given or the person at the terminal agrees.

    Raises `UsageError` where nobody can be asked, and `typer.Exit` with 1 at a "no".
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody can be asked here: say so with --yes.")
    tell(question)
    if not typer.confirm("Go on?", err=True):
        tell("Nothing was changed.")
        raise typer.Exit(1)
