"""The `ergate` command: finds the noun that was typed, and tells errors."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ergate.cli.failing import tell_unexpected, told
from ergate.cli.options import new_app

COMMANDS = (
    "init",
    "run",
    "serve",
    "enqueue",
    "events",
    "services",
    "workflows",
    "jobs",
    "queues",
    "workers",
    "feeds",
    "backends",
    "migrate",
    "doctor",
)
"""Each is a module beside this one, with the typer app `app`."""


class Commands(TyperGroup):
    """Imports the module of a command when it is asked for, and tells what commands raise."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            # Typer looks for a near miss among the commands that it knows.
            for name in COMMANDS:
                self.get_command(ctx, name)
            return None
        if cmd_name not in self.commands:
            command = get_command(import_module(f"ergate.cli.{cmd_name}").app)
            command.name = cmd_name
            self.commands[cmd_name] = command
        return self.commands[cmd_name]

    def invoke(self, ctx: Any) -> Any:
        with told():
            return super().invoke(ctx)


app = new_app(
    "Typed, multi-step workflows on worker processes: no accepted job is lost.",
    "ergate init shop",
    "ergate run myapp:app",
    "ergate enqueue my_first_workflow --input '{\"n\": 1}' --wait",
    "ergate jobs list --since 1h",
    "ergate doctor",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from ergate import __version__
        from ergate.cli.printing import print_line

        print_line(f"ergate {__version__}")
        raise typer.Exit


@app.callback(cls=Commands, epilog=app.info.epilog)
def ergate(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Typed, multi-step workflows on worker processes: no accepted job is lost."""


def main() -> None:
    """Run the command line; ends with `SystemExit` and the documented exit code."""
    try:
        app(prog_name="ergate")
    except Exception as exc:  # noqa: BLE001 - the last place where it can be told
        sys.exit(tell_unexpected(exc))
