"""A job is postponed between the moment when a sweep read it and the one when it writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ergate.contracts.address import Address
from ergate.jobs.events import Delivered, Postponed, RecoveryPolicy
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing import FakeClock
from ergate_backends.redis import ordering
from ergate_backends.redis.store import RedisStore


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(redis_url: str, clock: FakeClock) -> Iterator[RedisStore]:
    store = RedisStore(Address.parse(redis_url), clock)
    store.migrate()
    yield store
    store.close()


def _waiting(clock: FakeClock, due_at: float) -> JobRecord:
    return JobRecord(
        id="a",
        workflow_name="w",
        status=JobStatus.SCHEDULED,
        due_at=due_at,
        created_at=clock.now(),
        updated_at=clock.now(),
    )


def test_a_sweep_does_not_overrule_a_postponement_that_it_has_not_seen(
    store: RedisStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.submit([_waiting(clock, clock.now() - 1)])
    later = clock.now() + 60
    write = ordering._write

    def postpone_first(*args: Any) -> Any:
        monkeypatch.setattr(ordering, "_write", write)
        store.deliver("a", Postponed(0, later))
        return write(*args)

    monkeypatch.setattr(ordering, "_write", postpone_first)
    assert store.sweep(RecoveryPolicy()).due == 0
    found = store.get("a")
    assert found is not None
    assert (found.status, found.due_at) == (JobStatus.SCHEDULED, later)


def test_a_time_that_was_stored_as_a_whole_number_is_compared_as_a_number(
    store: RedisStore, clock: FakeClock
) -> None:
    store.submit([_waiting(clock, int(clock.now()) + 60)])
    assert store.deliver("a", Postponed(0, int(clock.now()) + 90)).revision == 1
    assert store.deliver("a", Delivered(0, "1")).status is JobStatus.QUEUED
