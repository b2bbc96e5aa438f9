"""Connections that break, hang or sleep, and calls that wake: nobody has to notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from threading import Event, Thread

import psycopg
import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.errors import BackendUnavailable
from ergate.testing.conformance.moves import COMPLETED, job, running, settled, submitted
from ergate.testing.servers.postgres import PostgresServer
from ergate_backends.postgres.notices import PAUSE_S
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target


@pytest.fixture
def target(postgres_url: str) -> Target:
    return Target.of(Address.parse(postgres_url))


@pytest.fixture
def store(target: Target) -> Iterator[PostgresStore]:
    with closing(PostgresStore(target, SystemClock())) as store:
        store.migrate()
        yield store


@pytest.fixture
def on_own_server(postgres_server: PostgresServer) -> Iterator[PostgresStore]:
    target = Target.of(Address.parse(postgres_server.url))
    with closing(PostgresStore(target, SystemClock())) as store:
        store.migrate()
        yield store


def test_after_a_restart_of_the_server_nobody_meets_a_dead_connection(
    on_own_server: PostgresStore, postgres_server: PostgresServer
) -> None:
    kept = submitted(on_own_server)
    postgres_server.kill()
    with pytest.raises(BackendUnavailable, match="ergate doctor"):
        on_own_server.get(kept.id)
    postgres_server.start()
    assert on_own_server.get(kept.id) == kept


def test_waiting_goes_on_after_a_restart_of_the_server(
    on_own_server: PostgresStore, postgres_server: PostgresServer
) -> None:
    on_own_server.wait_ready(["default"], 0.05)
    postgres_server.kill()
    postgres_server.start()
    on_own_server.wait_ready(["default"], 0.05)
    waiter = Thread(target=on_own_server.wait_ready, args=(["default"], 30.0))
    waiter.start()
    submitted(on_own_server)
    waiter.join(10)
    assert not waiter.is_alive()


def test_a_server_that_does_not_answer_is_given_up(store: PostgresStore) -> None:
    before = time.monotonic()
    with pytest.raises(BackendUnavailable, match="no answer"), store._pool.use(0.2) as connection:
        connection.execute(b"SELECT pg_sleep(20)")
    assert time.monotonic() - before < 10
    assert store.get("unknown") is None


def test_a_submission_whose_answer_got_lost_is_not_made_twice(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, new = store._accepting._submit, job()

    def lost_on_the_way_back(*args: object, **kwargs: object) -> object:
        submit(*args, **kwargs)  # type: ignore[arg-type]  # what was given
        raise BackendUnavailable("cut")

    monkeypatch.setattr(store._accepting, "_submit", lost_on_the_way_back)
    assert [ticket.job_id for ticket in store.submit([new])] == [new.id]
    assert len(store.history(new.id)) == 1


def test_a_submission_that_never_arrived_is_made_again(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, new, failures = store._accepting._submit, job(), iter([True, False])

    def lost_on_the_way(*args: object, **kwargs: object) -> object:
        if next(failures):
            raise BackendUnavailable("cut")
        return submit(*args, **kwargs)  # type: ignore[arg-type]  # what was given

    monkeypatch.setattr(store._accepting, "_submit", lost_on_the_way)
    assert [ticket.job_id for ticket in store.submit([new])] == [new.id]


def test_calls_are_sent_at_most_every_20_ms(store: PostgresStore, target: Target) -> None:
    span_s, sent = 0.5, 0
    with psycopg.connect(target.uri, autocommit=True) as ear:
        ear.execute(f'LISTEN "{target.schema}.ready"'.encode())
        until = time.monotonic() + span_s
        while time.monotonic() < until:
            store._call(["default"])
            sent += 1
        heard = len(list(ear.notifies(timeout=0.3)))
    assert 2 <= heard <= span_s / PAUSE_S + 2
    assert sent > 10 * heard


def test_a_call_about_another_queue_wakes_nobody(store: PostgresStore) -> None:
    store.wait_ready(["mine"], 0.0)
    submitted(store, queue="other")
    assert not store.wait_ready(["mine"], 0.2)


def test_a_worker_that_waits_is_woken_by_another_process_at_once(
    store: PostgresStore, target: Target
) -> None:
    store.wait_ready(["default"], 0.0)
    woken = Event()

    def wait() -> None:
        if store.wait_ready(["default"], 20.0):
            woken.set()

    waiter = Thread(target=wait)
    waiter.start()
    with closing(PostgresStore(target, SystemClock())) as other:
        submitted(other)
        assert woken.wait(5)
    waiter.join(5)


def test_names_with_a_nul_are_kept_as_a_visible_sign(store: PostgresStore) -> None:
    """They may come from strangers, and Postgres has no such character."""
    held = running(store, id="a\0b", workflow_name="w\0", queue="q\0")
    assert (held.id, held.workflow_name) == ("a␀b", "w␀")
    assert settled(store, held, COMPLETED) == store.get("a\0b")


def test_threads_share_a_few_connections(store: PostgresStore, target: Target) -> None:
    threads = [Thread(target=store.claim_ready, args=(["default"], 1, "w")) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store._pool._idle) <= 4
