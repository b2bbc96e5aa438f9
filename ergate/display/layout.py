"""How much of each table fits on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COMPACT_HEADER = 3
"""Lines of the header without its box."""
_FIGURES_AND_FOOTER = 3
_FEWEST_ROWS = 2
"""One to show, and one to tell how many are left out."""

_ENOUGH_ROWS = 10
"""A table with more may be cut for the sake of air."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Airy where everything fits, dense where it does not."""

    is_boxed: bool
    gap: int
    """Blank lines between parts: 0 or 1."""
    rows: tuple[int, ...]
    """For each table, without its line of titles."""


def fitted(wanted: Sequence[int], *, boxed_header: int, height: int) -> Layout:
    """Return a layout for tables that want so many rows each; one that wants none is left out.

    What cannot fit even so is cut off by the terminal's height.
    """
    for header, gap in ((boxed_header, 1), (COMPACT_HEADER, 1)):
        room = _room(wanted, header, gap, height)
        if sum(min(rows, _ENOUGH_ROWS) for rows in wanted) <= room:
            return Layout(header != COMPACT_HEADER, gap, _shared_out(wanted, room))
    return Layout(
        is_boxed=False, gap=0, rows=_shared_out(wanted, _room(wanted, COMPACT_HEADER, 0, height))
    )


def _shared_out(wanted: Sequence[int], room: int) -> tuple[int, ...]:
    rows = list(wanted)
    while sum(rows) > room and max(rows) > _FEWEST_ROWS:
        rows[rows.index(max(rows))] -= 1  # from the longest first
    return tuple(rows)


def _room(wanted: Sequence[int], header: int, gap: int, height: int) -> int:
    tables = sum(1 for rows in wanted if rows)
    gaps = gap * (tables + 2)  # after the header, after each table, before the footer
    return height - header - _FIGURES_AND_FOOTER - tables - gaps
