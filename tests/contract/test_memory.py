"""The memory backend keeps every promise of the contracts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.ticket import Ticket
from ergate.testing import FakeClock, QueueSuite, StateStoreSuite
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
