"""Which display a run gets: live on a terminal, else lines."""

from __future__ import annotations

import os
from typing import Protocol, TextIO

from ergate.display.lines import LogFormat
from ergate.display.plain import PlainDisplay
from ergate.worker.events import Event


class Display(Protocol):
    """Shows the events of a run. Both methods may be called from any thread."""

    @property
    def owns_terminal(self) -> bool:
        """Whether what steps print must come as `Output` events, not straight to the terminal."""
        ...

    def show(self, event: Event) -> None:
        """Show an event; never raises. Lines wait for a full pipe, the live display for nothing."""
        ...

    def close(self) -> None:
        """Show what is left, and give the stream back. May be repeated."""
        ...


def make_display(*, plain: bool, log_format: LogFormat, log_level: str, stream: TextIO) -> Display:
    """Return the live display when `stream` is a terminal that can show it, else log lines.

    `plain`, JSON, a dumb terminal and one that cannot show Unicode get lines.
    """
    if plain or log_format == "json" or not can_draw(stream):
        return PlainDisplay(log_format, log_level, stream=stream)
    from ergate.display.console import make_console
    from ergate.display.live import LiveDisplay

    return LiveDisplay(make_console(stream), log_level=log_level)


def can_draw(stream: TextIO) -> bool:
    """Whether a picture that changes can be shown: a terminal with UTF-8 that is not dumb."""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return stream.isatty() and encoding == "utf8" and os.environ.get("TERM", "dumb") != "dumb"
