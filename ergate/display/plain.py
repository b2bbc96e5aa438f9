"""One line per event, for files, pipes and machines that collect logs."""

from __future__ import annotations

import threading
from typing import TextIO

from ergate.display.lines import Lines, LogFormat
from ergate.display.state import View, apply
from ergate.display.summary import summary, summary_lines
from ergate.display.wording import INFO, Said, level_number, said
from ergate.worker.events import Event, RunEnded


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
        self._lines = Lines(log_format, stream)
        self._view = View()
        self._lock = threading.Lock()

    def show(self, event: Event) -> None:
        """Write the event's lines, unless they matter less than the level asked for."""
        lines = [self._lines.line(item) for item in said(event, self._level)]
        with self._lock:
            if self._lines.is_closed:
                return
            apply(self._view, event)
            if isinstance(event, RunEnded) and self._level <= INFO:
                lines += self._summary(event.at)
            if lines:
                self._lines.write(lines)

    def close(self) -> None:
        """Write nothing more; the stream stays open."""
        with self._lock:
            self._lines.is_closed = True

    def _summary(self, at: float) -> list[str]:
        if self._lines.is_json:
            item = Said(at, INFO, "summary", "What the run did", summary(self._view))
            return [self._lines.line(item)]
        return summary_lines(self._view)
