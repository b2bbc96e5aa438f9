"""One line per event, for files, pipes and machines that collect logs."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import Any, Literal, TextIO

from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer

from ergate.display.escape import encodable, escape
from ergate.display.state import View, apply
from ergate.display.summary import summary, summary_lines
from ergate.display.wording import INFO, LEVEL_NAMES, Said, level_number, said
from ergate.documents.times import timestamp
from ergate.worker.events import Event, RunEnded

LogFormat = Literal["console", "json"]


class PlainDisplay:
    """Writes each event that matters enough as one line, at once. Thread safe.

    A stream that nobody reads any more ends the writing and nothing else: workers go on.
    Raises `KeyError` for a level that is none of debug, info, warning and error.
    """

    owns_terminal = False

    def __init__(
        self, log_format: LogFormat = "console", log_level: str = "info", *, stream: TextIO
    ) -> None:
        self._level = level_number(log_level)
        self._stream = stream
        self._is_json = log_format == "json"
        self._render = _json() if self._is_json else _console(has_colours(stream))
        self._view = View()
        self._lock = threading.Lock()
        self._is_closed = False

    def show(self, event: Event) -> None:
        """Write the event's lines, unless they matter less than the level asked for."""
        lines = [self._line(item) for item in said(event, self._level)]
        with self._lock:
            if self._is_closed:
                return
            apply(self._view, event)
            if isinstance(event, RunEnded) and self._level <= INFO:
                lines += self._summary(event.at)
            if lines:
                self._write(lines)

    def close(self) -> None:
        """Write nothing more; the stream stays open."""
        with self._lock:
            self._is_closed = True

    def _line(self, item: Said) -> str:
        line: dict[str, Any] = {"timestamp": timestamp(item.at), "level": LEVEL_NAMES[item.level]}
        if self._is_json:
            line |= {"event": item.name, "message": item.message, **item.fields}
        else:
            line |= {"event": escape(item.message), **_escaped(item.fields)}
        return str(self._render(None, "", line))

    def _summary(self, at: float) -> list[str]:
        if self._is_json:
            return [self._line(Said(at, INFO, "summary", "What the run did", summary(self._view)))]
        return summary_lines(self._view)

    def _write(self, lines: list[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        try:
            self._stream.write(encodable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError):  # the reader has gone, or somebody closed the stream
            self._is_closed = True


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
