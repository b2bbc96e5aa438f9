"""A journal in memory: the readable reference for what `Journal` promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

from ergate.contracts.capabilities import Level
from ergate.contracts.journal import Entry, Journal


class MemoryJournal(Journal):
    """Entries in one list, which journals that are given the same one share."""

    level = Level.L0

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self._entries = [] if entries is None else entries
        self._lock = Lock()

    def append(self, entries: Sequence[Entry]) -> None:
        with self._lock:
            self._entries.extend(entries)

    def read(self) -> Iterator[Entry]:
        with self._lock:
            there = list(self._entries)
        yield from there

    def close(self) -> None:
        """Nothing to do: there is no connection."""
