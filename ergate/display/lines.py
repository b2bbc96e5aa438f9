"""Log lines as they are written: for people, or one JSON document each."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Literal, TextIO

from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer

from ergate.display.escape import encodable, escape
from ergate.display.wording import LEVEL_NAMES, Said
from ergate.documents.times import timestamp

LogFormat = Literal["console", "json"]


class Lines:
    """Makes lines and writes them to a stream, which stays open at the end.

    A stream that nobody reads any more ends the writing and raises nothing.
    """

    def __init__(self, log_format: LogFormat, stream: TextIO) -> None:
        self.is_json = log_format == "json"
        self.is_closed = False
        """Whether nothing is written any more."""
        self._stream = stream
        self._render = _json() if self.is_json else _console(has_colours(stream))

    def line(self, item: Said) -> str:
        """Return what is said as one line, escaped."""
        line: dict[str, Any] = {"timestamp": timestamp(item.at), "level": LEVEL_NAMES[item.level]}
        if self.is_json:
            line |= {"event": item.name, "message": item.message, **item.fields}
        else:
            line |= {"event": escape(item.message), **_escaped(item.fields)}
        return str(self._render(None, "", line))

    def write(self, lines: list[str]) -> None:
        """Write lines at once."""
        if self.is_closed:
            return
        text = "".join(f"{line}\n" for line in lines)
        try:
            self._stream.write(encodable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError):  # the reader has gone, or somebody closed the stream
            self.is_closed = True


def has_colours(stream: TextIO) -> bool:
    """Whether colours may be written: to a terminal, unless NO_COLOR is set or it is dumb."""
    dumb = os.environ.get("TERM") == "dumb"
    return stream.isatty() and not os.environ.get("NO_COLOR") and not dumb


def _json() -> JSONRenderer:
    # Pure ASCII: JSON's own escapes keep every control and bidirectional character harmless.
    return JSONRenderer(ensure_ascii=True)


def _console(colours: bool) -> ConsoleRenderer:  # noqa: FBT001  one flag, named at its only call
    return ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=32)


def _escaped(fields: Mapping[str, Any]) -> dict[str, object]:
    return {name: _shown(value) for name, value in fields.items() if value is not None}


def _shown(value: object) -> object:
    if isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return _Shown(escape(",".join(value)))
    if isinstance(value, list | tuple):
        return _Shown(escape(json.dumps(value)))
    return _Shown(escape(str(value)))


class _Shown:
    """An escaped text; structlog would escape its backslashes once more if it were a `str`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        if self._text and " " not in self._text:
            return self._text
        quote = "'" if '"' in self._text else '"'
        return f"{quote}{self._text}{quote}"
