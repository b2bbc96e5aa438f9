"""The fixtures that every topic of the state store's suite builds on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import pytest

from ergate.contracts.capabilities import Capability
from ergate.contracts.state_store import JobFilter, StateStore
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.clock import FakeClock

PassTime = Callable[[float], None]
Now = Callable[[], float]


class Observer(Protocol):
    """Reads what is stored without the store's own methods: a second pair of eyes."""

    def record(self, job_id: str) -> JobRecord | None:
        """Return the job as it is stored."""
        ...

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        """Return the job's history rows, by revision."""
        ...

    def ready(self) -> set[Ticket]:
        """Return one ticket for each row of the ready list."""
        ...


class AskingObserver:
    """Stands in where nobody can look behind the store: it asks the store itself."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def record(self, job_id: str) -> JobRecord | None:
        return self._store.get(job_id)

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        return self._store.history(job_id)

    def ready(self) -> set[Ticket]:
        queued = self._store.list(JobFilter(status=JobStatus.QUEUED), limit=10_000)
        return {Ticket(job.id, job.revision, job.queue) for job in queued}


class StoreCase:
    """What an implementer provides: `store`, and what differs from the defaults below."""

    tick_s: ClassVar[float] = 10.0
    """The unit of time in these tests. A store on a clock that cannot be moved makes it small."""

    @pytest.fixture
    def clock(self) -> FakeClock | None:
        """The clock that the store was given; None when it goes by its server's."""
        return FakeClock()

    @pytest.fixture
    def store(self) -> StateStore:
        """A fresh, migrated store. Close it afterwards, if it must be."""
        raise NotImplementedError("Provide a fixture `store`: a fresh, migrated StateStore.")

    @pytest.fixture
    def movable(self, store: StateStore) -> StateStore:
        """The store; the test is over where it declares no MOVE."""
        if Capability.MOVE not in store.capabilities:
            pytest.skip("The store declares no MOVE, and another test shows that it says so.")
        return store

    @pytest.fixture
    def second_store(self) -> StateStore | None:
        """Another handle on the same data, as a second process has; None when not SHARED."""
        return None

    @pytest.fixture
    def pass_time(self, clock: FakeClock | None) -> PassTime:
        """Let the store's clock go forward by some seconds."""
        return time.sleep if clock is None else clock.advance

    @pytest.fixture
    def now(self, clock: FakeClock | None) -> Now:
        """Tell the time on the store's clock, or as near as the test can know it."""
        return time.time if clock is None else clock.now

    @pytest.fixture
    def observer(self, store: StateStore) -> Observer:
        """Eyes behind the store's back."""
        return AskingObserver(store)

    @pytest.fixture
    def other(self, store: StateStore, second_store: StateStore | None) -> StateStore:
        """The second handle, or the same one again where there can be no second."""
        if Capability.SHARED in store.capabilities:
            assert second_store is not None, (
                "The store declares SHARED: provide the fixture `second_store`, "
                "another handle on the same data."
            )
        return second_store or store
