"""A feed in Postgres skips nothing, although numbers are not taken in the order of commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.feed import FeedRow
from ergate.jobs.events import CameDue
from ergate.jobs.status import JobStatus
from ergate.testing.conformance.moves import COMPLETED, job, running, settlement, submitted
from ergate.testing.fleet import eventually
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target
from ergate_backends.postgres.transition import lock, transit

FEED, READER = "kafka://there?prefix=ergate", "reader"


@pytest.fixture
def target(postgres_url: str) -> Target:
    return Target.of(Address.parse(postgres_url))


@pytest.fixture
def store(target: Target) -> Iterator[PostgresStore]:
    with closing(PostgresStore(target, SystemClock())) as store:
        store.migrate()
        assert store.feed(FEED, READER, 0, 60) == []
        yield store


def test_what_took_its_number_first_and_commits_last_is_not_skipped(
    store: PostgresStore, target: Target
) -> None:
    early, late = job(), job()
    with psycopg.connect(target.uri) as connection:
        store.submit_within(connection, [early])  # it has its number, and nobody can see it
        store.submit([late])
        seen = _read(store)
        assert _ids(seen) == [late.id]
        store.advance(FEED, seen)
        assert _read(store) == []
    rest = _read(store)  # the block has committed
    assert _ids(rest) == [early.id]
    # Whoever had remembered the number that it read up to would have skipped this one.
    assert _number(rest) < _number(seen)


def test_a_transaction_that_stays_open_holds_up_nobody(
    store: PostgresStore, target: Target
) -> None:
    """A reader that waited for the oldest transaction would wait for it as long as it is open."""
    with psycopg.connect(target.uri) as connection:
        connection.execute("SELECT pg_current_xact_id()")
        done = running(store)
        store.settle([settlement(done, COMPLETED)])
        assert [one.row.revision for one in _read(store)] == [1, 3]


def test_a_step_that_shares_its_transaction_is_told_when_that_commits(store: PostgresStore) -> None:
    held = running(store)
    store.advance(FEED, _read(store))
    with store.transaction() as transaction:
        transaction.settle(settlement(held, COMPLETED))
        other = submitted(store)
        assert _ids(_read(store)) == [other.id]
    assert _ids(_read(store)) == [held.id, other.id]


def test_rows_of_one_job_keep_their_order_when_the_older_transaction_writes_last(
    store: PostgresStore, target: Target
) -> None:
    """A purge has begun to write, and waits for a job that another transaction makes ready."""
    first = submitted(store, queue="q")
    second = submitted(store, queue="q", status=JobStatus.SCHEDULED, due_at=1.0)
    with ThreadPoolExecutor(1) as pool, store._pool.use() as connection:
        with connection.transaction():
            locked = lock(store._acts, connection, [second.id])
            purging = pool.submit(store.purge, "q")
            eventually("the purge waits for the job", lambda: _somebody_waits(target))
            transit(store._acts, connection, locked, [(locked.jobs[0], CameDue())])
        assert purging.result(20) == len([first, second])
    told = [one.row for one in _read(store) if one.row.job_id == second.id]
    assert [(row.revision, row.event) for row in told] == [
        (1, "submitted"),
        (2, "due"),
        (3, "cancelled"),
    ]


def _somebody_waits(target: Target) -> bool:
    with psycopg.connect(target.uri) as connection:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        (row,) = connection.execute(query).fetchall()
    return bool(row[0])


def test_what_was_written_for_a_feed_that_is_gone_is_cleared_away(
    store: PostgresStore, target: Target
) -> None:
    with psycopg.connect(target.uri) as connection:
        store.submit_within(connection, [job()])
        assert store.drop_feed(FEED) is True
    assert _count(target) == 1  # it committed after its feed was dropped
    assert store.feed(FEED, READER, 0, 60) == []
    assert _count(target) == 0


def _read(store: PostgresStore) -> Sequence[FeedRow]:
    rows = store.feed(FEED, READER, 1000, 60)
    assert rows is not None
    return rows


def _ids(rows: Sequence[FeedRow]) -> list[str]:
    return [one.row.job_id for one in rows]


def _number(rows: Sequence[FeedRow]) -> int:
    (one,) = rows
    assert isinstance(one.handle, int)
    return one.handle


def _count(target: Target) -> int:
    with psycopg.connect(target.uri) as connection:
        query = f'SELECT count(*) FROM "{target.schema}".feed_rows'
        (row,) = connection.execute(query.encode()).fetchall()
    return int(row[0])
