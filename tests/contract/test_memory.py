"""The memory backend keeps every promise of the contracts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest

from ergate.contracts.journal import Entry, Journal, JournalKind
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.ticket import Ticket
from ergate.testing import FakeClock, JournalSuite, QueueSuite, StateStoreSuite
from ergate_backends.memory.journal import MemoryJournal
from ergate_backends.memory.queue import MemoryQueue
from ergate_backends.memory.store import MemoryStore


class LookInside:
    """Reads the store's dictionaries."""

    def __init__(self, store: MemoryStore) -> None:
        self._board = store._board

    def record(self, job_id: str) -> JobRecord | None:
        return self._board.jobs.get(job_id)

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        return self._board.ledger.of(job_id)

    def ready(self) -> set[Ticket]:
        return {row.ticket for row in self._board.ready.in_order()}


class TestMemoryStore(StateStoreSuite):
    @pytest.fixture
    def store(self, clock: FakeClock) -> MemoryStore:
        return MemoryStore(clock)

    @pytest.fixture
    def observer(self, store: MemoryStore) -> LookInside:
        return LookInside(store)


class TestMemoryQueue(QueueSuite):
    @pytest.fixture
    def queue(self) -> MemoryQueue:
        return MemoryQueue()


class TestMemoryJournal(JournalSuite):
    @pytest.fixture
    def open_journal(self) -> Callable[[JournalKind], Journal]:
        places: dict[JournalKind, list[Entry]] = defaultdict(list)
        return lambda kind: MemoryJournal(places[kind])
