r"""References into the data: a small language, read strictly and never run.

    $                  the whole data
    $.order            the value named order
    $.order.total      a value within it
    $.items[0]         an item of a list, counted from 0
    $.address["zip code"]   a name with other characters; \" and \\ stand for " and \

A reference to what is not there is an error (`BadData`), never an empty value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ergate.services.failures import BadData
from ergate.services.faults import shown

LONGEST = 500
MOST_SEGMENTS = 16
_MOST_KEYS_SHOWN = 10
_SEGMENT = re.compile(
    r'\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|\[(?P<index>0|[1-9][0-9]{0,8})\]'
    r'|\["(?P<quoted>(?:[^"\\]|\\["\\])*)"\]'
)  # fmt: skip
_ESCAPE = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Reference:
    """Leads from the data to one value, over names of objects and positions in lists."""

    text: str
    segments: tuple[str | int, ...]

    def follow(self, data: object) -> object:
        """Return the value that it leads to; raises `BadData` when there is none."""
        value = data
        for number, segment in enumerate(self.segments):
            try:
                value = _part(value, segment)
            except LookupError:
                raise BadData(
                    f"{self.text} leads to nothing: {self._stop(number, value)}"
                ) from None
        return value

    def _stop(self, number: int, value: object) -> str:
        where, segment = self.upto(number), self.segments[number]
        if isinstance(segment, int):
            if isinstance(value, list):
                return f"{where} has {len(value)} items, counted from 0."
            return f"{where} is no list."
        if not isinstance(value, dict):
            return f"{where} is no object."
        keys = ", ".join(shown(key) for key in list(value)[:_MOST_KEYS_SHOWN])
        return f"{where} has no {shown(segment)}. It has {keys or 'nothing'}."

    def upto(self, count: int) -> str:
        """Return its first `count` segments as text."""
        return "$" + "".join(_written(segment) for segment in self.segments[:count])


def _part(value: object, segment: str | int) -> object:
    if isinstance(segment, str) and isinstance(value, dict):
        return value[segment]
    if isinstance(segment, int) and isinstance(value, list):
        return value[segment]
    raise LookupError


def _written(segment: str | int) -> str:
    if isinstance(segment, int):
        return f"[{segment}]"
    if _SEGMENT.fullmatch(f".{segment}"):
        return f".{segment}"
    return '["' + segment.replace("\\", "\\\\").replace('"', '\\"') + '"]'


@lru_cache(maxsize=4096)
def parse_reference(text: str) -> Reference:
    """Return the reference that `text` writes; raises `ValueError` with a sentence about it."""
    if len(text) > LONGEST:
        raise ValueError(f"is a reference of {len(text)} characters, and {LONGEST} are allowed.")
    if not text.startswith("$"):
        raise ValueError(f"is {shown(text)}, and a reference starts with $, as in $.order.total.")
    segments: list[str | int] = []
    position = 1
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None:
            raise ValueError(
                f"is {shown(text)}, which is no reference from character {position + 1} on. "
                "References are written as in $.order.total or $.items[0]; a text that starts "
                "with $ is written with $$."
            )
        segments.append(_segment(match))
        position = match.end()
    if len(segments) > MOST_SEGMENTS:
        raise ValueError(f"is a reference of {len(segments)} parts; {MOST_SEGMENTS} are allowed.")
    return Reference(text, tuple(segments))


def _segment(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    return match["name"] or _ESCAPE.sub(r"\1", match["quoted"])
