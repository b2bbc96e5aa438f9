"""The live display: one part of the terminal is redrawn, everything else scrolls above it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ergate.display.escape import escape, safe
from ergate.display.figures import counted, local_time
from ergate.display.panels import screen
from ergate.display.state import View, apply
from ergate.display.styles import LEVEL_STYLES, QUIET
from ergate.display.summary import summary_screen
from ergate.display.wording import WARNING, Said, level_number, said
from ergate.worker.events import Event, Output

REFRESH_S = 0.125
KEPT_LINES = 2_000
"""Lines that wait to be printed; in a flood the oldest are left out, and their number is told."""


class LiveDisplay:
    """Draws a run on a terminal about eight times a second, in a thread of its own. Thread safe.

    What steps print, and log lines from `log_level` on (at least warnings), scroll by above it.
    `show` never waits for the terminal. A terminal that goes away ends the drawing and no more.
    """

    owns_terminal = True

    def __init__(
        self, console: Console, *, log_level: str = "info", now: Callable[[], float] = time.time
    ) -> None:
        self._console = console
        self._now = now
        # Ordinary endings would bury the display; what they add up to is on it.
        self._level = max(WARNING, level_number(log_level))
        self._view = View()
        self._lines: deque[Text] = deque()
        self._left_out = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._size: tuple[int, int] | None = None
        self._live = Live(
            console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._thread: threading.Thread | None = None

    def show(self, event: Event) -> None:
        """Take note of an event; it is on the screen at the next refresh."""
        with self._lock:
            if self._closing.is_set():
                return
            apply(self._view, event)
            self._note_lines(event)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._draw, name="ergate-display", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """Draw the summary where the live part was, and leave the terminal. May be repeated."""
        with self._lock:
            self._closing.set()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    # --- lines above the live part ------------------------------------------------------------

    def _note_lines(self, event: Event) -> None:
        if isinstance(event, Output):
            self._note(safe(event.text.expandtabs()))
            return
        for item in said(event, self._level):
            self._note(log_line(item))

    def _note(self, line: Text) -> None:
        if len(self._lines) >= KEPT_LINES:
            self._lines.popleft()
            self._left_out += 1
        self._lines.append(line)

    def _take_lines(self) -> list[Text]:
        with self._lock:
            lines, left_out = list(self._lines), self._left_out
            self._lines.clear()
            self._left_out = 0
        if left_out:
            lines.insert(0, Text(f"… {counted(left_out, 'line')} left out …", style=QUIET))
        return lines

    # --- in the drawing thread ----------------------------------------------------------------

    def _draw(self) -> None:
        try:
            with self._live:
                while not self._closing.wait(REFRESH_S):
                    self._refresh()
                self._print(self._take_lines())
                with self._lock:
                    last = summary_screen(self._view)
                self._live.update(last, refresh=True)
        except (OSError, ValueError):
            # The terminal went away or its stream was closed: nobody looks, the run goes on.
            return

    def _refresh(self) -> None:
        self._print(self._take_lines())
        width, height = self._console.size
        if (width, height) != self._size:
            # What was drawn for another width is wrapped by now, and cannot be drawn over.
            if self._size is not None:
                self._console.clear()
            self._size = (width, height)
        with self._lock:
            drawn = screen(
                self._view, self._now(), width=width, height=height - min(6, height // 6)
            )
        self._live.update(drawn, refresh=True)

    def _print(self, lines: list[Text]) -> None:
        # One print for all: each one draws the live part anew.
        if lines:
            self._console.print(Text("\n").join(lines), soft_wrap=True)


def log_line(item: Said) -> Text:
    """Return a log line as it stands above the live part: the time, the words, what it is about."""
    fields = item.fields
    line = Text.assemble((f"{local_time(item.at)[-8:]} ", QUIET))
    line.append(escape(item.message), style=LEVEL_STYLES[item.level])
    if "step" in fields:
        line.append(escape(f" · {fields['workflow']}.{fields['step']}"))
    if "error" in fields:
        line.append(escape(f" · {fields['error']}"))
    if "job_id" in fields:
        line.append(escape(f" · {fields['job_id']}"), style=QUIET)
    return line
