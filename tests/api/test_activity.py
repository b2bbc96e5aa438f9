"""What charts are drawn from: what ended, span by span, the store asked once for all who watch."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ergate.api.activity import Activities
from ergate.api.app import create_api
from ergate.api.bounds import Bounds
from ergate.api.desk import Desk, Place
from ergate.api.security import Security
from ergate.brokers.broker import Labels
from ergate.brokers.native import NativeBroker
from ergate.contracts.activity import Activity, Measurable
from ergate.contracts.capabilities import Capability
from ergate.testing import FakeClock
from ergate.testing.conformance.moves import COMPLETED, ENDINGS, running, settled
from ergate_backends.memory.store import MemoryStore
from tests.api.conftest import BEARER

NOON = 1_699_963_200.0  # 2023-11-14T12:00:00Z
EMPTY = {"completed": 0, "failed": 0, "p50_s": None, "p99_s": None}


class CountingStore(MemoryStore):
    """Counts how often it is asked for its activity."""

    asked = 0

    def activity(self, since: float, span_s: float, spans: int) -> Sequence[Activity]:
        self.asked += 1
        return super().activity(since, span_s, spans)


class PlainStore(MemoryStore):
    """A store that cannot tell its activity."""

    capabilities = MemoryStore.capabilities - {Capability.ACTIVITY}
    activity = Measurable.activity


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON + 30)


@pytest.fixture
def store(clock: FakeClock) -> CountingStore:
    return CountingStore(clock)


def place_of(store: MemoryStore, clock: FakeClock) -> Place:
    return Place(broker=NativeBroker(store, Labels("memory", "memory")), clock=clock)


@pytest.fixture
def charts(store: CountingStore, clock: FakeClock, security: Security) -> Iterator[TestClient]:
    with TestClient(create_api(place_of(store, clock), security), headers=BEARER) as client:
        yield client


def look(charts: TestClient, minutes: int = 60) -> Any:
    answer = charts.get("/api/v1/activity", params={"minutes": minutes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_span_is_there_although_nothing_ended(charts: TestClient) -> None:
    shown = look(charts)
    assert shown["bucket_s"] == 60
    assert len(shown["buckets"]) == 60
    assert shown["buckets"][0] == {"at": "2023-11-14T11:01:00.000Z"} | EMPTY
    assert shown["buckets"][-1] == {"at": "2023-11-14T12:00:00.000Z"} | EMPTY


def test_what_ended_is_counted_in_its_span(
    charts: TestClient, store: CountingStore, clock: FakeClock
) -> None:
    for ending, took_s in zip(ENDINGS, (1.0, 2.0, 4.0), strict=True):
        settled(store, running(store, created_at=clock.now() - took_s), ending)
    clock.advance(60)
    *_, before, now = look(charts)["buckets"]
    at = "2023-11-14T12:00:00.000Z"
    assert before == {"at": at, "completed": 1, "failed": 2, "p50_s": 2.0, "p99_s": 4.0}
    assert now == {"at": "2023-11-14T12:01:00.000Z"} | EMPTY


@pytest.mark.parametrize(
    ("minutes", "span_s", "spans"),
    [(1, 1, 60), (7, 10, 42), (60, 60, 60), (61, 120, 31), (1440, 1800, 48)],
)
def test_any_time_has_at_most_sixty_spans_that_cover_it(
    charts: TestClient, minutes: int, span_s: int, spans: int
) -> None:
    shown = look(charts, minutes)
    assert (shown["bucket_s"], len(shown["buckets"])) == (span_s, spans)


@pytest.mark.parametrize("minutes", ["0", "1441", "an hour"])
def test_a_time_out_of_bounds_is_refused(charts: TestClient, minutes: str) -> None:
    assert charts.get("/api/v1/activity", params={"minutes": minutes}).status_code == 422


def test_the_store_is_asked_once_a_second_for_all_who_watch(
    store: CountingStore, clock: FakeClock
) -> None:
    async def watch() -> list[int]:
        desk = Desk(place_of(store, clock), Bounds())
        activities, asked = Activities(desk), []
        for minutes in (60, 60, 5):
            await asyncio.gather(*[activities.latest(minutes) for _ in range(20)])
            asked.append(store.asked)
        clock.advance(1.0)
        await activities.latest(60)
        desk.close()
        return [*asked, store.asked]

    assert asyncio.run(watch()) == [1, 1, 2, 3]


def test_new_figures_come_after_a_second(
    charts: TestClient, store: CountingStore, clock: FakeClock
) -> None:
    assert look(charts)["buckets"][-1]["completed"] == 0
    settled(store, running(store), COMPLETED)
    clock.advance(1.0)
    assert look(charts)["buckets"][-1]["completed"] == 1


def test_a_store_that_cannot_tell_says_so(clock: FakeClock, security: Security) -> None:
    api = create_api(place_of(PlainStore(clock), clock), security)
    with TestClient(api, headers=BEARER) as charts:
        answer = charts.get("/api/v1/activity")
    assert answer.status_code == 409
    assert "ACTIVITY" in answer.json()["detail"]
