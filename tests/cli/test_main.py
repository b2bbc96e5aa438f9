"""What holds for every command: help, versions, near misses, errors and their exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ergate import __version__
from ergate.cli import failing, printing
from ergate.cli.main import COMMANDS, app
from ergate.errors import BackendUnavailable, ErgateError, JobNotFoundError, LoadError, UsageError
from tests.cli.terminal import Terminal, open_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


def commands() -> list[list[str]]:
    """Return every command as the words that lead to it."""
    from typer.main import get_command

    root = get_command(app)
    found: list[list[str]] = [[]]
    for name in COMMANDS:
        command = root.get_command(None, name)  # type: ignore[attr-defined]  # it is a group
        found.append([name])
        found += [[name, sub] for sub in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_shows_lines_to_run(words: list[str]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"], prog_name="ergate")
    assert done.exit_code == 0
    assert "Examples:" in done.stdout
    assert f"ergate {' '.join(words)}".strip() in done.stdout.split("Examples:")[1]


def test_version_prints_the_version(terminal: Terminal) -> None:
    assert terminal.type("--version").stdout == f"ergate {__version__}\n"


@pytest.mark.parametrize(("word", "meant"), [("rn", "run"), ("job", "jobs"), ("docter", "doctor")])
def test_an_unknown_command_suggests_the_nearest(terminal: Terminal, word: str, meant: str) -> None:
    done = terminal.type(word)
    assert done.exit_code == 2
    assert f"Did you mean '{meant}'" in done.stderr


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("fine", "does not say which attribute. Did you mean fine:app?"),
        ("fin:app", 'there is no module "fin" in'),
        ("fine:ap", 'has no attribute "ap". Did you mean fine:app?'),
        ("fine:workflow", "is a Workflow, not an Ergate. Did you mean fine:app?"),
        ("nofile.py:app", "there is no file"),
    ],
)
def test_an_app_that_is_named_wrongly_is_explained_without_a_traceback(
    terminal: Terminal, target: str, said: str
) -> None:
    terminal.write("fine.py")
    done = terminal.type("run", target)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_app_that_fails_while_it_is_loaded_shows_its_own_frames_and_none_of_ours(
    terminal: Terminal,
) -> None:
    terminal.write("fails.py", "def f():\n    return 1 / 0\nf()\n")
    done = terminal.type("run", "fails:app")
    assert done.exit_code == 2
    assert "return 1 / 0" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "ergate/" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ErgateError("x"), 1),
        (UsageError("x"), 2),
        (LoadError("x"), 2),
        (JobNotFoundError("x"), 3),
        (BackendUnavailable("x"), 4),
        (TimeoutError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_its_exit_code(error: BaseException, code: int) -> None:
    import typer

    with pytest.raises(typer.Exit) as raised, failing.told():
        raise error
    assert raised.value.exit_code == code


def test_an_unforeseen_error_says_how_to_see_where_it_happened(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing.tell_unexpected(RuntimeError("odd \x1b[2J")) == 1
    told = capsys.readouterr().err
    assert "error: RuntimeError: odd \\x1b[2J" in told
    assert "ERGATE_DEBUG=1" in told
    monkeypatch.setenv("ERGATE_DEBUG", "1")
    failing.tell_unexpected(RuntimeError("odd"))
    assert "ERGATE_DEBUG" not in capsys.readouterr().err


def test_a_reader_that_goes_away_early_causes_no_complaint(terminal: Terminal) -> None:
    line = f"{sys.executable} -m ergate.cli backends list --json | true"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    "value", ["Grüße 日本", "\x1b[2J", "\u202e", "\U000e0001", "\x7f", "\ud800"]
)
def test_json_is_harmless_to_a_terminal_and_reads_as_what_it_was(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    printing.print_json({"text": value})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"text": value}
    assert printed.replace("\n", "").isprintable()


def test_help_imports_nothing_heavy() -> None:
    statement = (
        "import sys; from ergate.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('rich', 'pydantic_settings', 'pluggy', 'psutil', 'sqlite3') "
        "if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", statement], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
