"""One dead letter, with all of its bytes."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ergate.contracts.state_store import DeadLetter
from ergate.display.escape import escape_lines, safe
from ergate.display.figures import count, local_time, relative
from ergate.display.styles import QUIET, TITLE

_LONGEST = 20_000


def letter_detail(letter: DeadLetter, now: float) -> RenderableType:
    """Return a dead letter as seen from `now`, in seconds since 1970; bytes are escaped."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=QUIET, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("id", safe(letter.id))
    grid.add_row("queue", safe(letter.queue))
    grid.add_row("when", Text(f"{local_time(letter.at)}  {relative(letter.at, now)}"))
    grid.add_row("reason", safe(letter.reason))
    text = letter.body[:_LONGEST].decode("utf-8", "backslashreplace")
    body = Text("\n".join(f"  {line}" for line in escape_lines(text)))
    left_out = len(letter.body) - _LONGEST
    if left_out > 0:
        body.append(f"\n  … {count(left_out)} more bytes; --json prints them", style=QUIET)
    return Group(grid, Text(), Text("body", style=TITLE), body)
