"""Whoever waits for an event's end is told at once, and one read serves all who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from ergate.api.bounds import Bounds
from ergate.api.desk import Desk, Place
from ergate.api.endings import Endings
from ergate.client import Wish
from ergate.errors import BackendUnavailable
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus


def stored(place: Place) -> JobRecord:
    job = place.client.enqueue("order", 1, Wish())
    record = place.broker.store.get(job.id)
    assert record is not None
    return record


def run(place: Place, scene: Callable[[Endings], Coroutine[Any, Any, Any]]) -> Any:
    async def within() -> Any:
        desk = Desk(place, Bounds())
        try:
            return await scene(Endings(desk))
        finally:
            desk.close()

    return asyncio.run(within())


def test_one_read_at_a_time_serves_all_who_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [stored(place) for _ in range(50)]
    reads: list[int] = []
    get_many = place.broker.store.get_many

    def counted(ids: list[str]) -> Any:
        reads.append(len(ids))
        if len(reads) == 2:
            for job in jobs:
                place.broker.store.cancel(job.id)
        return get_many(ids)

    monkeypatch.setattr(place.broker.store, "get_many", counted)

    async def scene(endings: Endings) -> list[JobRecord]:
        ended = await asyncio.gather(*(endings.wait(job, 20.0) for job in jobs))
        assert endings.waiting_count == 0
        return ended

    assert [job.status for job in run(place, scene)] == [JobStatus.CANCELLED] * 50
    assert reads == [50, 50]


def test_who_waits_no_longer_gets_the_job_as_it_was(place: Place) -> None:
    job = stored(place)

    async def scene(endings: Endings) -> JobRecord:
        found = await endings.wait(job, 0.02)
        assert endings.waiting_count == 0
        return found

    assert run(place, scene) == job


def test_an_event_that_has_ended_is_not_waited_for(place: Place) -> None:
    job = replace(stored(place), status=JobStatus.COMPLETED)
    assert run(place, lambda endings: endings.wait(job, 20.0)) is job


def test_a_store_that_is_down_for_a_moment_is_no_error(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stored(place)
    get_many = place.broker.store.get_many
    reads: list[int] = []

    def flaky(ids: list[str]) -> Any:
        reads.append(len(ids))
        if len(reads) < 3:
            raise BackendUnavailable("down")
        place.broker.store.cancel(job.id)
        return get_many(ids)

    monkeypatch.setattr(place.broker.store, "get_many", flaky)
    found = run(place, lambda endings: endings.wait(job, 20.0))
    assert found.status is JobStatus.CANCELLED


def test_a_server_that_stops_lets_nobody_wait(place: Place) -> None:
    job = stored(place)

    async def scene(endings: Endings) -> tuple[JobRecord, JobRecord]:
        waiting = asyncio.create_task(endings.wait(job, 20.0))
        await asyncio.sleep(0)
        endings.stop_soon()
        return await waiting, await endings.wait(job, 20.0)

    assert [one.status for one in run(place, scene)] == [JobStatus.QUEUED] * 2
