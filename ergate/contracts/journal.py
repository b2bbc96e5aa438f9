"""What a journal promises: entries are appended, kept in order, and read from the beginning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ergate.contracts.capabilities import Level


class JournalKind(StrEnum):
    """What the entries of a journal are; a backend keeps the two kinds apart."""

    JOBS = "jobs"
    """The last entry of each key counts, so that earlier ones may be dropped."""
    EVENTS = "events"
    """Every entry counts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Bytes under a key. In a journal of kind JOBS an empty body takes the key back."""

    key: str
    body: bytes


class Journal(ABC):
    """A log that only grows at its end, as far as its users see.

    Methods may be called from several threads at once. Each raises
    `ergate.errors.BackendUnavailable` when the server cannot be reached within its time limit.
    """

    level: Level
    """What a confirmed entry survives; never higher than what was checked at the opening."""

    @abstractmethod
    def append(self, entries: Sequence[Entry]) -> None:
        """Add `entries` in their order; return when the server has confirmed all of them.

        An error means that any of them may or may not be there: whoever appends them again makes
        doubles. Entries of one key, appended one call after the other, keep their order.
        """

    @abstractmethod
    def read(self) -> Iterator[Entry]:
        """Yield every entry that is there when the reading begins, those of one key oldest first.

        Ends even while others append. May be left early. Entries of several keys come in the
        order of their appending only as far as the server keeps one.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of every connection; closing twice does no harm."""


def last_of_each_key(entries: Iterable[Entry]) -> dict[str, bytes]:
    """Return the bodies that count in a journal of kind JOBS, those that were taken back left out.

    The key that got its last entry first comes first, as far as the server keeps one order.
    """
    last: dict[str, bytes] = {}
    for entry in entries:
        last.pop(entry.key, None)
        if entry.body:
            last[entry.key] = entry.body
    return last
