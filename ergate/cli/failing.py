"""Errors on their way out: what a person reads, and the exit code that a script sees."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ergate.cli.printing import tell
from ergate.errors import ErgateError, LoadError

INTERRUPTED = 130
DEBUG_VARIABLE = "ERGATE_DEBUG"


@contextmanager
def told() -> Iterator[None]:
    """Turn what a command raises into a message on stderr and an exit code.

    A person's mistake never shows a traceback, unless ERGATE_DEBUG is set. An app that fails
    while it is loaded shows its own.
    """
    try:
        yield
    except ErgateError as exc:
        _tell_error(exc)
        raise typer.Exit(exc.exit_code) from None
    except TimeoutError as exc:
        tell(f"error: {exc}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _leave_stdout()
        raise typer.Exit(1) from None


def _tell_error(exc: ErgateError) -> None:
    if _is_debugging():
        tell("".join(traceback.format_exception(exc)))
    elif isinstance(exc, LoadError) and exc.__cause__ is not None:
        tell("".join(traceback.format_exception(exc.__cause__, chain=True)).rstrip())
    tell(f"error: {exc}")


def tell_unexpected(exc: BaseException) -> int:
    """Tell an error that is our own fault, or the machine's; return the exit code."""
    if _is_debugging():
        tell("".join(traceback.format_exception(exc)))
    tell(f"error: {type(exc).__name__}: {exc}")
    if not _is_debugging():
        tell(f"This was not foreseen. Set {DEBUG_VARIABLE}=1 to see where it happened.")
    return 1


def _is_debugging() -> bool:
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def _leave_stdout() -> None:
    # The reader has gone, as in `ergate jobs list | head -1`; Python would complain at its end.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
