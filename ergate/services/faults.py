"""What is wrong with a document or with data: values with a place, gathered and raised together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ergate.errors import InvalidDefinitionError

MOST_FAULTS = 100
"""So many are told at once; who has more has one mistake many times."""
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, such as `operations[2].next`, and what, as a sentence.

    An empty place means the whole document.
    """

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class DefinitionFaults(InvalidDefinitionError):
    """A service or a definition cannot work as it is written; `faults` has every reason."""

    def __init__(self, what: str, faults: Iterable[Fault]) -> None:
        self.what = what
        self.faults: Sequence[Fault] = tuple(faults)
        super().__init__(what, self.faults)

    def __str__(self) -> str:
        return told(f"{self.what} cannot be used as it is written", self.faults)


def told(headline: str, faults: Sequence[Fault]) -> str:
    """Return one message with every fault in it, on lines of their own when they are several."""
    if len(faults) == 1:
        return f"{headline}: {faults[0]}"
    lines = [f"  - {fault}" for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        lines.append(f"  … and {len(faults) - MOST_FAULTS} more.")
    return "\n".join([f"{headline}, for {len(faults)} reasons:", *lines])


def joined(place: str, rest: str) -> str:
    """Return the place that lies at `rest` within `place`."""
    if not place or not rest:
        return place or rest
    return f"{place}{rest}" if rest.startswith("[") else f"{place}.{rest}"


def below(place: str, key: str) -> str:
    """Return the place of a key, whatever characters it has, within `place`."""
    plain = key.isprintable() and len(key) <= _LONGEST_SHOWN and not set(key) & set(".[]")
    return joined(place, key if plain and key else f"[{shown(key)}]")


def shown(value: object) -> str:
    """Return a value for a message: short, quoted if it is text, and without control characters."""
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
        return f'"{text}"' if text.isprintable() else ascii(text)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > _LONGEST_SHOWN:
        return "a very large number"
    return repr(value) if isinstance(value, int | float) else ""
