"""What the store and the queue do when the server answers late, forgets, refuses, or is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.queue import Delivery, Message
from ergate.contracts.state_store import JobFilter
from ergate.errors import BackendUnavailable, CorruptRecord, SchemaError
from ergate.jobs.events import Advanced, Completed, RecoveryPolicy, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.servers.proxy import Fault, Proxy
from ergate.testing.servers.redis import RedisServer
from ergate_backends.redis import address as addresses
from ergate_backends.redis import queue as queues
from ergate_backends.redis.checking import findings
from ergate_backends.redis.queue import RedisQueue
from ergate_backends.redis.store import RedisStore

CLOCK = SystemClock()


@pytest.fixture
def store(redis_server: RedisServer) -> Iterator[RedisStore]:
    store = RedisStore(Address.parse(redis_server.url), CLOCK)
    store.migrate()
    yield store
    store.close()


def record(job_id: str) -> JobRecord:
    return JobRecord(id=job_id, workflow_name="w")


def check(server: RedisServer) -> dict[str, Finding]:
    return {found.subject: found for found in findings(Address.parse(server.url))}


# --- restarts and lost answers --------------------------------------------------------------------


def test_a_submission_goes_through_a_restart_of_the_server(
    store: RedisStore, redis_server: RedisServer
) -> None:
    """The connection is broken and the scripts are gone: both are made anew within the call."""
    store.submit([record("a")])
    redis_server.kill()
    redis_server.start()
    assert len(store.submit([record("b")])) == 1
    assert [job.id for job in store.claim_ready(["default"], 9, "w")] == ["a", "b"]


@pytest.fixture
def lose_an_answer(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next script runs, and its answer does not come back."""
    send = store._server._evaluate

    def send_and_lose(*arguments: Any) -> object:
        monkeypatch.setattr(store._server, "_evaluate", send)
        send(*arguments)
        raise ConnectionResetError("the answer got lost")

    monkeypatch.setattr(store._server, "_evaluate", send_and_lose)


def test_a_submission_whose_answer_was_lost_is_accepted_once(
    store: RedisStore, lose_an_answer: None
) -> None:
    """The first try is written; the second finds its own token."""
    assert [ticket.job_id for ticket in store.submit([record("a")])] == ["a"]
    assert dict(store.count(JobFilter())) == {JobStatus.QUEUED: 1}


def test_a_claim_whose_answer_was_lost_is_not_sent_again_and_can_be_asked_for(
    store: RedisStore, request: pytest.FixtureRequest
) -> None:
    store.submit([record("a"), record("b")])
    request.getfixturevalue("lose_an_answer")
    with pytest.raises(BackendUnavailable, match="the answer got lost"):
        store.claim_ready(["default"], 1, "w")
    assert dict(store.held("w")) == {"a": 2}


def test_an_outcome_whose_answer_was_lost_is_no_refusal_when_it_is_sent_again(
    redis_server: RedisServer, store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "ANSWER_TIMEOUT_S", 0.3)
    store.submit([record("a")])
    (job,) = store.claim_ready(["default"], 1, "w")
    advanced = Advanced("1", 1, "two", "default", 50.0)
    late = Settlement("a", "w", job.revision, advanced)
    with (
        Proxy(redis_server.port) as proxy,
        closing(RedisStore(Address.parse(f"redis://127.0.0.1:{proxy.port}/0"), CLOCK)) as cut_off,
    ):
        proxy.fault = Fault.REPLIES
        with pytest.raises(BackendUnavailable, match="Timeout"):
            cut_off.settle([late])
        proxy.fault = Fault.NONE
        assert list(cut_off.settle([late]).refused) == []
    assert [row.event for row in store.history("a")] == ["submitted", "applied"]


# --- refusals -------------------------------------------------------------------------------------


def test_a_full_server_is_unavailable_and_accepts_nothing_by_halves(
    store: RedisStore, redis_server: RedisServer
) -> None:
    redis_server.order("CONFIG", "SET", "maxmemory", "1mb")
    with pytest.raises(BackendUnavailable, match=r"OOM|maxmemory"):
        store.submit([record("a")])
    redis_server.order("CONFIG", "SET", "maxmemory", "0")
    assert dict(store.count(JobFilter())) == {}
    assert len(store.submit([record("a")])) == 1


def test_a_schema_of_a_newer_version_is_refused(
    store: RedisStore, redis_server: RedisServer
) -> None:
    redis_server.order("SET", "{ergate}:schema", "99")
    with pytest.raises(SchemaError, match="99"):
        store.migrate()
    assert check(redis_server)["schema"].level == "problem"


def test_a_damaged_job_fails_and_its_neighbours_run(
    store: RedisStore, redis_server: RedisServer
) -> None:
    store.submit([record("a"), record("b")])
    redis_server.order("HSET", "{ergate}:job:a", "attempt", "many")
    (job,) = store.claim_ready(["default"], 9, "w")
    assert job.id == "b"
    store.settle([Settlement("b", "w", job.revision, Completed("1"))])
    assert dict(store.count(JobFilter())) == {JobStatus.FAILED: 1, JobStatus.COMPLETED: 1}
    assert [row.event for row in store.history("a")] == ["submitted", "failed"]


def test_a_damaged_job_of_a_dead_worker_does_not_keep_its_neighbours(
    store: RedisStore, redis_server: RedisServer
) -> None:
    store.submit([record("a"), record("b")])
    store.claim_ready(["default"], 9, "w")
    redis_server.order("HSET", "{ergate}:job:a", "deliveries", "many")
    store.recover("w", {}, blame=False, reason="killed", policy=RecoveryPolicy())
    assert [job.id for job in store.claim_ready(["default"], 9, "w")] == ["b"]
    assert dict(store.count(JobFilter())) == {JobStatus.FAILED: 1, JobStatus.RUNNING: 1}
    with pytest.raises(CorruptRecord, match="deliveries"):
        store.get("a")


def test_a_job_whose_hash_is_gone_troubles_nobody(
    store: RedisStore, redis_server: RedisServer
) -> None:
    store.submit([record("a"), record("b")])
    redis_server.order("DEL", "{ergate}:job:a")
    assert [job.id for job in store.claim_ready(["default"], 9, "w")] == ["b"]


# --- levels and findings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("appendfsync", "everysec", Level.L1),
        ("appendfsync", "always", Level.L2),
        ("appendonly", "no", Level.L0),
    ],
)
def test_the_level_is_what_the_server_says(
    redis_server: RedisServer, name: str, value: str, level: Level
) -> None:
    redis_server.order("CONFIG", "SET", name, value)
    with closing(RedisStore(Address.parse(redis_server.url), CLOCK)) as store:
        assert store.level is level
        assert (Capability.DURABLE in store.capabilities) == (level is not Level.L0)


def test_a_server_that_is_set_well_has_no_findings_to_act_on(redis_server: RedisServer) -> None:
    assert {found.level for found in check(redis_server).values()} == {"ok"}


@pytest.mark.parametrize(
    ("name", "value", "subject", "level"),
    [
        ("maxmemory-policy", "allkeys-lru", "eviction", "problem"),
        ("maxmemory-policy", "volatile-ttl", "eviction", "problem"),
        ("appendonly", "no", "persistence", "warning"),
        ("appendfsync", "no", "persistence", "warning"),
    ],
)
def test_a_setting_that_weakens_the_promise_is_found(
    redis_server: RedisServer, name: str, value: str, subject: str, level: str
) -> None:
    redis_server.order("CONFIG", "SET", name, value)
    found = check(redis_server)[subject]
    assert (found.level, found.advice != "") == (level, True)


# --- the queue ------------------------------------------------------------------------------------


def test_what_a_dead_receiver_held_comes_to_another(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "ABANDONED_S", 0.05)
    dead = RedisQueue(Address.parse(redis_server.url), CLOCK)
    dead.publish([Message(b"1", "a")])
    (first,) = dead.receive(["default"], 5, 5.0)
    with closing(RedisQueue(Address.parse(redis_server.url), CLOCK)) as heir:
        monkeypatch.setattr(queues, "RECLAIM_EVERY_S", 0.0)
        deliveries: list[Delivery] = []
        while not deliveries:
            deliveries = list(heir.receive(["default"], 5, 0.05))
        assert [(one.body, one.identity) for one in deliveries] == [(b"1", first.identity)]
        heir.acknowledge(deliveries)
        assert heir.depth("default") == 0


def test_a_queue_goes_on_after_the_server_lost_everything(redis_server: RedisServer) -> None:
    with closing(RedisQueue(Address.parse(redis_server.url), CLOCK)) as queue:
        queue.publish([Message(b"1", "a")])
        queue.receive(["default"], 5, 5.0)
        redis_server.reset()
        assert list(queue.receive(["default"], 5, 0.05)) == []
        queue.publish([Message(b"2", "b")])
        assert [one.body for one in queue.receive(["default"], 5, 5.0)] == [b"2"]


def test_acknowledged_entries_leave_the_stream(redis_server: RedisServer) -> None:
    with closing(RedisQueue(Address.parse(redis_server.url), CLOCK)) as queue:
        queue.publish([Message(b"%d" % n, "a") for n in range(50)])
        queue.acknowledge(queue.receive(["default"], 50, 5.0))
        assert redis_server.order("XLEN", "{ergate}:stream:default").startswith(":0")


def test_a_message_of_another_program_is_received(redis_server: RedisServer) -> None:
    redis_server.order("XADD", "{ergate}:stream:default", "*", "body", "hello")
    with closing(RedisQueue(Address.parse(redis_server.url), CLOCK)) as queue:
        assert [one.body for one in queue.receive(["default"], 5, 5.0)] == [b"hello"]
