"""The one way to make a rich console: nothing is read into the text that it gets."""

from __future__ import annotations

import io
from typing import TextIO

from rich.console import Console


def make_console(stream: TextIO) -> Console:
    """Return a console on `stream`; it guesses no markup, emoji codes or highlights.

    What the stream's encoding lacks is written as visible escapes, never raised as an error.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return Console(file=stream, markup=False, emoji=False, highlight=False)
