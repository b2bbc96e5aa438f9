"""An external queue that loses, doubles, delays, reorders, refuses, and brings what nobody sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ergate import Ergate, Workflow
from ergate.brokers.broker import Labels
from ergate.brokers.relayed import RelayedBroker
from ergate.client import Client, Wish
from ergate.clock import SystemClock
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import BackendUnavailable
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.jobs.status import JobStatus
from ergate.testing import FaultyQueue
from ergate.testing.checker import aftermath_of, violations
from ergate.testing.fleet import eventually
from ergate.worker.events import Event, Trouble
from ergate_backends.memory.queue import MemoryQueue
from ergate_backends.memory.store import MemoryStore
from ergate_backends.sqlite.store import SqliteStore
from tests.integration.inline import quick_settings, running


class MoodyQueue(MemoryQueue):
    """Can be down: then every method raises."""

    is_down = False

    def publish(self, messages: Sequence[Message]) -> None:
        self._check()
        super().publish(messages)

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        self._check()
        found = super().receive(queues, limit, min(timeout_s, 0.02))
        if self.is_down:  # it went down while we waited
            self.release(found)
        self._check()
        return found

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._check()
        super().acknowledge(deliveries)

    def depth(self, queue: str) -> int:
        self._check()
        return super().depth(queue)

    def _check(self) -> None:
        if self.is_down:
            raise BackendUnavailable("The queue is down, as the test wants it.")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateStore]:
    made: StateStore = MemoryStore(SystemClock())
    if request.param == "sqlite":
        made = SqliteStore(tmp_path / "jobs.db", SystemClock(), synchronous="normal")
    made.migrate()
    with closing(made):
        yield made


@pytest.fixture
def app() -> Ergate[Job]:
    app = Ergate()
    chain = Workflow("chain")
    for name in ("first", "second", "third"):
        chain.step(name=name)(_add_one)
    app.register_workflow(chain)
    return app


def _add_one(n: int) -> int:
    return n + 1


def relayed(queue: Queue, store: StateStore) -> RelayedBroker:
    return RelayedBroker(
        queue,
        store,
        Labels("a queue", "a store"),
        Limits(max_bytes=10_000),
        republish_after_s=0.2,
        relay_after_s=0.1,
    )


def submit(app: Ergate[Job], broker: RelayedBroker, count: int) -> list[str]:
    client = Client(broker, Job, Limits(), app.registry)
    return [str(job.id) for job in client.enqueue_many("chain", range(count), Wish())]


def wait_completed(store: StateStore, count: int) -> None:
    def counted() -> bool:
        return store.count(JobFilter()) == {JobStatus.COMPLETED: count}

    eventually(f"{count} jobs are completed", counted, 60)


def test_thousands_of_jobs_survive_a_queue_that_loses_doubles_delays_and_reorders(
    app: Ergate[Job], store: StateStore
) -> None:
    queue = FaultyQueue(
        MemoryQueue(), seed=11, lose=0.02, double=0.1, delay=0.1, reorder=0.5, longest_delay=20
    )
    broker = relayed(queue, store)
    ids = submit(app, broker, 2000)
    with running(app, broker, quick_settings(concurrency=2)):
        wait_completed(store, len(ids))
    faults = queue.faults
    assert min(faults.lost, faults.doubled, faults.delayed, faults.reordered) > 20
    assert violations(aftermath_of(store), accepted=ids) == []
    assert [store_job.last_return_value for store_job in map(store.get, ids) if store_job] == [
        f"{n + 3}" for n in range(len(ids))
    ]


def test_a_queue_that_loses_all_its_messages_loses_no_job(
    app: Ergate[Job], store: StateStore
) -> None:
    queue = FaultyQueue(MemoryQueue())
    broker = relayed(queue, store)
    ids = submit(app, broker, 100)
    assert queue.wipe("default") == 100
    with running(app, broker):
        wait_completed(store, len(ids))
    assert violations(aftermath_of(store), accepted=ids) == []


def test_while_the_queue_is_down_jobs_are_accepted_and_afterwards_all_goes_on_by_itself(
    app: Ergate[Job], store: StateStore
) -> None:
    queue = MoodyQueue()
    broker = relayed(queue, store)
    told: list[Event] = []
    ids = submit(app, broker, 50)
    with running(app, broker, report=told.append):
        wait_completed(store, 50)
        queue.is_down = True
        ids += submit(app, broker, 50)
        eventually("the trouble is told", lambda: _troubles(told))
        assert store.count(JobFilter(status=JobStatus.QUEUED)) == {JobStatus.QUEUED: 50}
        queue.is_down = False
        wait_completed(store, 100)
    assert [trouble.is_over for trouble in _troubles(told, "claimed")] == [False, True]
    assert violations(aftermath_of(store), accepted=ids) == []


def _troubles(told: Sequence[Event], word: str = "") -> list[Trouble]:
    return [event for event in told if isinstance(event, Trouble) and word in event.what]


def test_a_claim_that_fails_gives_its_tickets_back_to_the_queue(
    app: Ergate[Job], store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they would stay in this receiver's hands, and the jobs wait until the queue is empty."""
    queue = MemoryQueue()
    broker = relayed(queue, store)
    submit(app, broker, 1)

    def fail(*_: object) -> Any:
        raise BackendUnavailable("The store is down, as the test wants it.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "claim", fail)
        with pytest.raises(BackendUnavailable):
            broker.claim(["default"], 5, 0.0, "w")
    assert queue.depth("default") == 1


# --- what others put into the queue --------------------------------------------------------------


def put(queue: Queue, *bodies: object) -> None:
    texts = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
    queue.publish([Message(text, "key") for text in texts])


def test_a_message_with_a_workflow_name_becomes_a_job(app: Ergate[Job], store: StateStore) -> None:
    queue = MemoryQueue()
    put(queue, {"workflow_name": "chain", "initial_input_value": 5, "priority": 3})
    with running(app, relayed(queue, store)):
        wait_completed(store, 1)
    (job,) = store.list(JobFilter())
    assert (job.last_return_value, job.priority) == ("8", 3)
    assert violations(aftermath_of(store)) == []


def test_copies_of_a_message_become_one_job(app: Ergate[Job], store: StateStore) -> None:
    """By the sender's id; without one, by the identity that the queue gives to a delivery."""
    queue = FaultyQueue(MemoryQueue(), double=1.0)
    put(queue, {"workflow_name": "chain", "initial_input_value": 1, "id": "mine"})
    with running(app, relayed(queue, store)):
        wait_completed(store, 1)
        eventually("all messages are gone", lambda: queue.depth("default") == 0)
    assert [job.id for job in store.list(JobFilter())] == ["mine"]
    assert violations(aftermath_of(store), accepted=["mine"]) == []


def test_what_a_dead_receiver_held_is_adopted_once(app: Ergate[Job], store: StateStore) -> None:
    queue = MemoryQueue()
    put(queue, {"workflow_name": "chain", "initial_input_value": 1})
    broker = relayed(queue, store)
    (first,) = queue.receive(["default"], 1, 0)
    queue.release([first])  # as at the death of a receiver that had adopted it
    (again,) = queue.receive(["default"], 1, 0)
    assert first.identity == again.identity
    queue.release([again])
    with running(app, broker):
        wait_completed(store, 1)


MALFORMED: dict[str, tuple[object, str]] = {
    "no JSON": (b"not json", "is not JSON"),
    "no text": (b"\xff\xfe", "not UTF-8"),
    "a list": ([1, 2], "neither a ticket nor"),
    "no workflow": ({"input": 1}, "neither a ticket nor"),
    "a wrong type": ({"workflow_name": 7}, "workflow_name"),
    "an impossible ticket": ({"v": 1, "job": "a", "revision": 10**30, "queue": "default"},
                             "workflow_name"),
    "a broken ticket": ({"v": 1, "job": 7}, "workflow_name"),
    "too deep": (b'{"workflow_name": "chain", "user_context": ' + b"[" * 500 + b"]" * 500 + b"}",
                 "nested deeper"),
    "too large": ({"workflow_name": "chain", "initial_input_value": "x" * 20_000}, "bytes"),
    "no number": (b'{"workflow_name": "chain", "initial_input_value": NaN}', "NaN"),
    "half of it": (b'{"workflow_name": "cha', "is not JSON"),
    "a negative step": ({"workflow_name": "chain", "current_step": -1}, "current_step"),
}  # fmt: skip


def test_malformed_messages_become_one_dead_letter_each_and_the_worker_goes_on(
    app: Ergate[Job], store: StateStore
) -> None:
    queue = MemoryQueue()
    broker = relayed(queue, store)
    put(queue, *(body for body, _ in MALFORMED.values()))
    with running(app, broker):
        ids = submit(app, broker, 3)
        wait_completed(store, len(ids))
        eventually("all messages are gone", lambda: queue.depth("default") == 0)
    letters = list(reversed(store.dead_letters()))
    assert len(letters) == len(MALFORMED)
    for letter, (name, (body, reason)) in zip(letters, MALFORMED.items(), strict=True):
        assert letter.body == (body if isinstance(body, bytes) else json.dumps(body).encode())
        assert reason in letter.reason, name
    assert violations(aftermath_of(store), accepted=ids) == []


def test_tickets_for_what_nobody_knows_are_dropped(app: Ergate[Job], store: StateStore) -> None:
    queue = MemoryQueue()
    ticket = {"v": 1, "job": "unknown", "revision": 1, "queue": "default"}
    put(queue, ticket, ticket | {"revision": 2**62})
    broker = relayed(queue, store)
    with running(app, broker):
        ids = submit(app, broker, 1)
        wait_completed(store, 1)
        eventually("all messages are gone", lambda: queue.depth("default") == 0)
    assert violations(aftermath_of(store), accepted=ids) == []
