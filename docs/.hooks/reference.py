"""Writes the pages on commands and settings from the code: `python docs/.hooks/reference.py`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer import Context
from typer.main import get_command

from ergate.cli.main import COMMANDS, app
from ergate.settings import Settings
from ergate.settings.load import flag_of, variable_of
from ergate.settings.model import expected_form

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
HIDDEN = ("help",)

CLI_HEAD = """\
# Command line

Every command has `--help`, which ends with lines to run.
Every command that prints data takes `--json` and then prints one document to standard output.
Results go to standard output, everything else to standard error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | it failed |
| 2 | wrong usage: a name, a flag, a value or a definition |
| 3 | nothing there has this name or id |
| 4 | a backend cannot be reached or used |
| 130 | Ctrl-C while a command waited |

An app is `package.module:attribute` or `path/to/file.py:attribute`.
Left out, it is the `app` of the settings, else the one `Ergate` in `app.py`, `main.py` or `myapp.py`.
A function without parameters that returns an app will do too.

Where jobs wait and are kept is found in the same way by all commands: see [settings](settings.md).

A time without a zone, as in `--at 2030-01-31T09:00`, is local time.
A duration is a number of seconds or a text such as `250ms`, `30s`, `5m`, `1h30m` or `7d`.

With `ERGATE_DEBUG=1` an error shows its traceback.
"""

SETTINGS_HEAD = """\
# Settings

A setting has the value of the first of these that gives one:

1. a flag, such as `--processes 4`;
2. an environment variable, such as `ERGATE_PROCESSES=4`; an empty one counts as not given;
3. the chosen profile, a table `[profiles.NAME]` in the settings file;
4. the settings file;
5. the app, for the queue and the state store: `Ergate(queue="…", state_store="…")`;
6. the default.

The settings file is `ergate.toml`, else the table `[tool.ergate]` in `pyproject.toml`.
It is looked for in the working directory and above, up to the root of the project: the nearest directory with a `pyproject.toml` or `.git`.
A profile is chosen by `--profile NAME`, by `ERGATE_PROFILE` or by `profile = "NAME"` in the file.

`ergate doctor` shows each value and where it came from, with secrets masked.
A misspelt key in a file is an error; a misspelt variable is told and ignored.

```toml
app = "myapp:app"
processes = 2
grace_s = "25s"

[profiles.production]
processes = "auto"
log_format = "json"
```
"""

OTHER_VARIABLES = """\
## Variables that are no settings

| variable | meaning |
|---|---|
| `ERGATE_DEBUG` | With any value but `0`, errors of the command line show their traceback. |
| `ERGATE_FAILPOINT` | For tests of Ergate itself: ends or fails the process between two durable acts. |
"""


def cli_page() -> str:
    """Return the page on the command line."""
    root: Any = get_command(app)
    parts = [CLI_HEAD, *_command(root, "ergate", 2)]
    for name in COMMANDS:
        command = root.get_command(None, name)
        parts += _command(command, f"ergate {name}", 2)
        for sub_name, sub in getattr(command, "commands", {}).items():
            parts += _tree(sub, f"ergate {name} {sub_name}")
    return "\n".join(parts)


def _tree(command: Any, words: str) -> Iterator[str]:
    yield from _command(command, words, 3)
    for name, sub in getattr(command, "commands", {}).items():
        yield from _tree(sub, f"{words} {name}")


def _command(command: Any, words: str, level: int) -> Iterator[str]:
    yield f"{'#' * level} {words}\n"
    yield _sentences(command.help or "") + "\n"
    usage = " ".join(command.collect_usage_pieces(Context(command)))
    yield f"```text\n{words} {usage}\n```\n"
    rows = [_parameter(one, Context(command)) for one in command.params if one.name not in HIDDEN]
    if rows:
        yield "\n".join(["| argument or option | meaning |", "|---|---|", *rows]) + "\n"
    if command.epilog:
        lines = [line.strip() for line in command.epilog.splitlines()[2:]]
        yield "```bash\n" + "\n".join(lines) + "\n```\n"


def _parameter(parameter: Any, context: Context) -> str:
    is_flag = getattr(parameter, "is_flag", False)
    metavar = parameter.metavar or ""
    names = ", ".join(f"`{name}`" for name in parameter.opts if name.startswith("-"))
    shown = names or f"`{metavar or parameter.name.upper()}`"
    if names and not is_flag:
        shown += f" `{metavar or parameter.display_type(ctx=context).strip('<>')}`"
    return f"| {_cell(shown)} | {_cell(parameter.help or '')} |"


def settings_page() -> str:
    """Return the page on settings."""
    parts = [SETTINGS_HEAD]
    for name, field in Settings.model_fields.items():
        parts.append(f"## {name}\n")
        parts.append(f"{field.description}\n")
        default = (
            "a fifth of `lease_s`" if field.default_factory else f"`{_default(field.default)}`"
        )
        rows = [
            ("form", expected_form(name)),
            ("default", default),
            ("variable", f"`{variable_of(name)}`"),
            *([("flag", f"`{flag}`")] if (flag := _flag(name)) else []),
        ]
        lines = [f"| {title} | {_cell(text)} |" for title, text in rows]
        parts.append("\n".join(["| | |", "|---|---|", *lines]) + "\n")
    return "\n".join([*parts, OTHER_VARIABLES])


def _flag(name: str) -> str | None:
    """Return the flag of `ergate run` or `ergate serve` that sets it, if there is one."""
    root: Any = get_command(app)
    commands = [root.get_command(None, command) for command in ("run", "serve")]
    flag = flag_of(name).removeprefix("flag ")
    known = {option for command in commands for one in command.params for option in one.opts}
    return flag if flag in known else None


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _sentences(text: str) -> str:
    """Return prose with one sentence in a line, its paragraphs apart."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    return "\n\n".join(re.sub(r"(?<=[.!?]) +(?=[A-Z`])", "\n", one) for one in paragraphs)


PAGES = {"cli.md": cli_page, "settings.md": settings_page}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (REFERENCE / file).write_text(page(), encoding="utf-8")
        sys.stdout.write(f"Wrote {REFERENCE / file}.\n")
