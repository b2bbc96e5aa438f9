"""A server with jobs of an older version gets what this version has besides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from ergate.contracts.address import Address
from ergate.contracts.state_store import JobFilter
from ergate.testing import FakeClock
from ergate.testing.conformance.moves import ENDINGS, ended, running, settled, submitted
from ergate_backends.redis.address import Place
from ergate_backends.redis.migrating import SCHEMA_VERSION
from ergate_backends.redis.store import RedisStore


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(redis_url: str, clock: FakeClock) -> Iterator[RedisStore]:
    with closing(RedisStore(Address.parse(redis_url), clock)) as store:
        store.migrate()
        yield store


class Plain:
    """A plain client beside the store."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url.partition("?")[0])
        self._base = Place.of(Address.parse(url)).base

    def key(self, name: str) -> str:
        """Return the key that the store has under this name."""
        return self._base + name


@pytest.fixture
def plain(redis_url: str) -> Iterator[Plain]:
    plain = Plain(redis_url)
    yield plain
    plain.client.close()


def test_what_ended_before_there_were_charts_is_in_them(
    store: RedisStore, plain: Plain, clock: FakeClock
) -> None:
    for ending in ENDINGS:
        settled(store, running(store, created_at=clock.now() - 5), ending)
    for _ in range(700):  # more than one page
        ended(store, created_at=clock.now() - 5)
    submitted(store)
    before = store.activity(clock.now() - 60, 120, 1)
    plain.client.delete(plain.key("ended:completed"), plain.key("ended:failed"))
    plain.client.set(plain.key("schema"), 1)
    assert store.activity(clock.now() - 60, 120, 1)[0].completed == 0

    store.migrate()
    assert store.activity(clock.now() - 60, 120, 1) == before
    assert (before[0].completed, before[0].failed, before[0].p99_s) == (701, 2, 5.0)
    assert plain.client.get(plain.key("schema")) == str(SCHEMA_VERSION).encode()


def test_the_end_of_a_damaged_job_is_forgotten_with_it(
    store: RedisStore, plain: Plain, clock: FakeClock
) -> None:
    job = submitted(store, created_at=clock.now() - 5, requested_start_time=clock.now() - 3)
    plain.client.hset(plain.key(f"job:{job.id}"), "attempt", "many")
    assert store.claim_ready([job.queue], 1, "w") == []
    (figures,) = store.activity(clock.now() - 60, 120, 1)
    assert (figures.failed, figures.p50_s) == (1, 3.0)
    plain.client.hset(plain.key(f"job:{job.id}"), "attempt", "0")
    assert store.prune(JobFilter()) == 1
    assert store.activity(clock.now() - 60, 120, 1)[0].failed == 0
