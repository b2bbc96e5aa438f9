"""A search by text answers in time, and tells where to go on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ergate.api.bounds import MAX_SCANNED, SEARCH_S
from ergate.api.desk import Place
from ergate.api.found import Found, search_page
from ergate.brokers.broker import Labels
from ergate.brokers.native import NativeBroker
from ergate.contracts.state_store import JobFilter
from ergate.jobs.record import JobRecord
from ergate.testing import FakeClock
from ergate.testing.conformance.moves import job
from ergate_backends.memory.store import MemoryStore

JOBS = 1_000


class SlowStore(MemoryStore):
    """A store that takes a while for each page."""

    def __init__(self, clock: FakeClock, takes_s: float) -> None:
        super().__init__(clock)
        self._slow_clock = clock
        self._takes_s = takes_s

    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        self._slow_clock.advance(self._takes_s)
        return super().list(which, limit=limit, offset=offset)


def place_of(takes_s: float, jobs: int = JOBS) -> Place:
    clock = FakeClock()
    store = SlowStore(clock, takes_s)
    store.submit([job(id=f"job-{number}") for number in range(jobs)])
    return Place(broker=NativeBroker(store, Labels("memory", "memory")), clock=clock)


def pages(place: Place, text: str) -> list[Found]:
    found = [search_page(place, JobFilter(), text, 10, 0)]
    while (offset := found[-1].next_offset) is not None:
        found.append(search_page(place, JobFilter(), text, 10, offset))
    return found


def test_a_search_stops_in_time_and_the_next_one_goes_on() -> None:
    found = pages(place_of(takes_s=SEARCH_S / 2), "nowhere")
    assert len(found) > 1
    offsets = [page.next_offset or JOBS for page in found]
    assert all(before < after for before, after in pairwise(offsets))


def test_a_search_that_stops_in_time_misses_nothing() -> None:
    found = pages(place_of(takes_s=SEARCH_S / 2), "job-77")
    ids = {item["id"] for page in found for item in page.items}
    assert ids == {"job-77", *(f"job-77{number}" for number in range(10))}


def test_a_search_looks_at_some_jobs_however_slow_the_store_is() -> None:
    page = search_page(place_of(takes_s=10 * SEARCH_S), JobFilter(), "nowhere", 10, 0)
    assert 0 < (page.next_offset or 0) < JOBS


def test_a_quick_store_is_searched_up_to_the_bound() -> None:
    page = search_page(place_of(0.0, MAX_SCANNED + 1), JobFilter(), "nowhere", 10, 0)
    assert page.next_offset == MAX_SCANNED
