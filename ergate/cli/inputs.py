"""JSON that a person types, keeps in a file, or pipes in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ergate.errors import UsageError

FORM = "JSON, @FILE to read a file, or - to read standard input"


def json_text(value: str, option: str) -> str:
    """Return the JSON text that an option means: itself, `@FILE`, or `-` for standard input.

    Raises `UsageError` that names the option for what cannot be read or is no JSON.
    """
    if value == "-":
        text, source = sys.stdin.read(), "standard input"
    elif value.startswith("@"):
        text, source = read_file(Path(value[1:]), option), value[1:]
    else:
        text, source = value, repr(value)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise UsageError(
            f"{option}: {source} is no JSON ({exc}). "
            f"Write {FORM}. A text needs double quotes too: {option} '\"hello\"'"
        ) from exc
    return text


def json_value(value: str, option: str) -> object:
    """Return what `json_text` reads as a plain value."""
    parsed: object = json.loads(json_text(value, option))
    return parsed


def read_file(path: Path, option: str) -> str:
    """Return the text of a file; raises `UsageError` when it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{option}: {path} cannot be read: {reason(exc)}.") from exc


def reason(exc: OSError | UnicodeDecodeError) -> str:
    """Return why a file cannot be read, without its name and errno."""
    return (exc.strerror or str(exc)) if isinstance(exc, OSError) else "it is no UTF-8 text"
