"""The relayed broker: when tickets are published, and again, and what a claim makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from ergate.brokers.broker import Labels
from ergate.brokers.relayed import KEPT_LIMIT, RelayedBroker
from ergate.brokers.requeue import StillDead, requeue
from ergate.contracts.capabilities import Capability
from ergate.contracts.definitions import StoredDefinition
from ergate.contracts.queue import Delivery, Message
from ergate.contracts.state_store import JobFilter, WorkerInfo
from ergate.errors import BackendUnavailable
from ergate.jobs.codec import Limits
from ergate.jobs.events import Advanced, RecoveryPolicy, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing import FakeClock, crash_app
from ergate.workflows.registry import Registry
from ergate_backends.memory.queue import MemoryQueue
from ergate_backends.memory.store import MemoryStore

QUEUES = ["default"]
NEXT = Advanced("1", 1, "second", "default", 50.0)
POLICY = RecoveryPolicy()


class Queue(MemoryQueue):
    """Can refuse to publish or to acknowledge."""

    refuses: ClassVar[frozenset[str]] = frozenset()

    def publish(self, messages: Sequence[Message]) -> None:
        if "publish" in self.refuses:
            raise BackendUnavailable("no publishing today")
        super().publish(messages)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if "acknowledge" in self.refuses:
            raise BackendUnavailable("no acknowledging today")
        super().acknowledge(deliveries)


class SilentQueue(Queue):
    """Cannot tell how much waits."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset()


class House:
    def __init__(self, queue: Queue, registry: Registry | None = None) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.store.heartbeat([WorkerInfo(worker_id="me", host="h", pid=1, started_at=0.0)], 9e6)
        self.queue = queue
        self.broker = RelayedBroker(
            queue,
            self.store,
            Labels("q", "s"),
            Limits(),
            registry,
            relay_after_s=2,
            republish_after_s=60,
        )

    def submit(self, *ids: str) -> None:
        self.broker.submit([JobRecord(id=job_id, workflow_name="w") for job_id in ids])

    def claim(self, limit: int = 10) -> list[str]:
        return [job.id for job in self.broker.claim(QUEUES, limit, 0, "me")]

    def unpublished(self) -> list[str]:
        return [ticket.job_id for ticket in self.store.unpublished(10, 0)]

    def sweep(self) -> None:
        self.broker.sweep(POLICY, QUEUES)

    def lose_all(self) -> None:
        self.queue.purge("default")

    @property
    def depth(self) -> int:
        return len(self.queue._waiting.get("default", ()))


@pytest.fixture
def house() -> House:
    return House(Queue())


def test_what_is_submitted_is_published_and_noted(house: House) -> None:
    house.submit("a", "b")
    assert (house.depth, house.unpublished(), house.claim()) == (2, [], ["a", "b"])


def test_what_is_not_due_yet_is_not_published(house: House) -> None:
    later = JobRecord(id="a", workflow_name="w", status=JobStatus.SCHEDULED, due_at=9e9)
    house.broker.submit([later])
    assert (house.depth, house.unpublished()) == (0, [])


def test_the_next_step_is_published_when_a_step_is_settled(house: House) -> None:
    house.submit("a")
    (claim,) = house.broker.claim(QUEUES, 1, 0, "me")
    house.broker.settle([Settlement("a", "me", claim.revision, NEXT)])
    assert (house.depth, house.unpublished()) == (1, [])
    (again,) = house.broker.claim(QUEUES, 1, 0, "me")
    assert (again.seq, again.revision) == (1, claim.revision + 2)


@pytest.mark.parametrize("act", ["submit", "settle"])
def test_while_the_queue_is_down_tickets_wait_in_the_outbox_and_nobody_is_told_of_a_failure(
    house: House, act: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error would make the caller repeat what is stored already."""
    house.submit("a")
    (claim,) = house.broker.claim(QUEUES, 1, 0, "me")
    with monkeypatch.context() as patched:
        patched.setattr(Queue, "refuses", frozenset({"publish"}))
        if act == "submit":
            house.submit("b")
        else:
            house.broker.settle([Settlement("a", "me", claim.revision, NEXT)])
    assert (house.depth, len(house.unpublished())) == (0, 1)
    assert "wait in the outbox" in caplog.text
    house.sweep()
    assert house.depth == 0, "its own writer comes first"
    house.clock.advance(2)
    house.sweep()
    assert (house.depth, house.unpublished()) == (1, [])


def test_what_a_sweep_makes_ready_it_publishes_at_once(house: House) -> None:
    due = JobRecord(
        id="a", workflow_name="w", status=JobStatus.SCHEDULED, due_at=house.clock.now() + 1
    )
    house.broker.submit([due])
    house.clock.advance(1)
    house.sweep()
    assert house.claim() == ["a"]


def test_what_a_recovery_frees_it_publishes_at_once(house: House) -> None:
    house.submit("a")
    house.claim()
    house.broker.recover("me", {}, blame=False, reason="killed", policy=POLICY)
    assert house.claim() == ["a"]


def test_lost_messages_are_published_again_after_a_while_when_the_queue_is_empty(
    house: House,
) -> None:
    house.submit("a")
    house.lose_all()
    house.clock.advance(59)
    house.sweep()
    assert house.depth == 0
    house.clock.advance(1)
    house.sweep()
    assert house.claim() == ["a"]


def test_while_messages_wait_nothing_is_published_again(house: House) -> None:
    house.submit("a")
    house.clock.advance(600)
    house.sweep()
    assert house.depth == 1


def test_a_queue_that_cannot_count_gets_old_tickets_again() -> None:
    house = House(SilentQueue())
    house.submit("a")
    house.clock.advance(60)
    house.sweep()
    assert house.depth == 2
    assert (house.claim(1), house.claim(1)) == (["a"], [])


def test_doubled_and_outdated_tickets_claim_nothing(house: House) -> None:
    house.submit("a")
    ticket = Message(Ticket("a", 1).to_bytes(), "a")
    house.queue.publish([ticket, ticket])
    assert (house.claim(2), house.claim()) == (["a"], [])
    assert (house.depth, house.queue._held) == (0, {})


def test_of_several_claims_the_one_that_must_run_alone_is_kept_and_the_others_go_back(
    house: House,
) -> None:
    house.submit("suspect")
    house.claim()
    house.store.sweep(POLICY, dead_workers=["me"])
    house.sweep()
    house.submit("a", "b")
    house.clock.advance(2)
    house.sweep()
    claims = house.broker.claim(QUEUES, 10, 0, "me")
    assert [(job.id, job.alone) for job in claims] == [("suspect", True)]
    back = [house.store.get(job_id) for job_id in ("a", "b")]
    assert [(job.status, job.deliveries) for job in back if job] == [(JobStatus.QUEUED, 0)] * 2
    assert house.claim() == ["a", "b"]


def test_claims_count_although_their_tickets_cannot_be_acknowledged(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.submit("a")
    with monkeypatch.context() as patched:
        patched.setattr(Queue, "refuses", frozenset({"acknowledge"}))
        assert house.claim() == ["a"]
    house.queue.close()  # the connection breaks, and the message comes again
    assert (house.depth, house.claim(), house.depth) == (1, [], 0)


def test_two_brokers_over_one_store_publish_again_without_running_twice(house: House) -> None:
    """A slow publisher and a sweep may both publish; the store lets one of them claim."""
    house.submit("a")
    house.store.republish(0, 10)
    house.broker._relay(0.0)
    assert house.depth == 2
    assert house.claim() == ["a"]
    assert house.claim() == []


# --- a queue that divides its messages beforehand -------------------------------------------------


class DividedQueue(Queue):
    """What is published waits for the receiver named in `owner`; others get nothing."""

    capabilities: ClassVar[frozenset[Capability]] = Queue.capabilities | {Capability.PARTITIONED}
    is_ours = True
    waited_s = -1.0

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        self.waited_s = timeout_s
        if "receive" in self.refuses:
            raise BackendUnavailable("no receiving today")
        return super().receive(queues, limit, timeout_s) if self.is_ours else []


def foreign(workflow: str, job_id: str) -> Message:
    body = json.dumps({"workflow_name": workflow, "id": job_id})
    return Message(body.encode(), job_id)


def test_an_idle_worker_claims_what_lies_in_the_share_of_a_busy_one() -> None:
    queue = DividedQueue()
    house = House(queue)
    house.submit("a")
    queue.is_ours = False
    assert house.claim() == ["a"]
    queue.is_ours = True
    assert (house.claim(), house.depth) == ([], 0), "its ticket is stale, and dropped"


def test_an_idle_worker_that_found_something_in_the_share_of_others_looks_again_at_once() -> None:
    queue = DividedQueue()
    house = House(queue)
    house.submit("a", "b")
    queue.is_ours = False
    waits = []
    for _ in range(3):
        house.broker.claim(QUEUES, 1, 60.0, "me")
        waits.append(queue.waited_s)
    house.broker.claim(QUEUES, 1, 60.0, "me")
    assert (waits, queue.waited_s) == ([60.0, 0.0, 0.0], 60.0)


def test_a_busy_worker_keeps_tickets_and_stores_jobs_from_elsewhere() -> None:
    queue = DividedQueue()
    house = House(queue)
    house.submit("a")
    queue.publish([foreign("w", "b"), Message(b"garbage", "c")])
    house.broker.attend(QUEUES)
    assert {job.id for job in house.store.list(JobFilter())} == {"a", "b"}
    assert [letter.body for letter in house.store.dead_letters()] == [b"garbage"]
    assert sorted([*house.claim(1), *house.claim(1)]) == ["a", "b"]
    assert (house.claim(), queue._held) == ([], {}), "all of it is acknowledged"


def test_what_a_busy_worker_keeps_stays_in_hand_while_the_queue_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let go of without a word, it would never be acknowledged, and hold up all that follows."""
    queue = DividedQueue()
    house = House(queue)
    house.submit("a")
    house.broker.attend(QUEUES)
    with monkeypatch.context() as patched:
        patched.setattr(DividedQueue, "refuses", frozenset({"receive"}))
        with pytest.raises(BackendUnavailable):
            house.claim()
    assert (house.claim(), queue._held) == (["a"], {})


def test_what_a_busy_worker_keeps_is_bounded_and_comes_back_when_it_closes() -> None:
    queue = DividedQueue()
    house = House(queue)
    house.submit(*(f"job-{n}" for n in range(KEPT_LIMIT + 5)))
    house.broker.attend(QUEUES)
    house.broker.attend(QUEUES)
    assert house.depth == 5
    house.broker.close()
    assert house.depth == KEPT_LIMIT + 5


def test_a_busy_worker_leaves_a_queue_alone_that_is_not_divided(house: House) -> None:
    house.submit("a")
    house.broker.attend(QUEUES)
    assert house.depth == 1


# --- what a server gave up on, and what nobody knows ----------------------------------------------


class GivingUpQueue(Queue):
    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        found = super().receive(queues, limit, timeout_s)
        return [replace(one, given_up="It was delivered 9 times.") for one in found]


def test_what_the_server_gave_up_on_becomes_a_dead_letter_unless_it_is_a_ticket() -> None:
    house = House(GivingUpQueue())
    house.submit("a")
    house.queue.publish([foreign("w", "b")])
    assert house.claim() == ["a"]
    assert [letter.reason for letter in house.store.dead_letters()] == ["It was delivered 9 times."]


def test_a_message_for_a_workflow_that_nobody_registered_becomes_a_dead_letter() -> None:
    registry = Registry()
    registry.register(crash_app.app.registry.get("healthy"))
    house = House(Queue(), registry)
    house.queue.publish([foreign("helthy", "a"), foreign("healthy", "b")])
    assert house.claim() == ["b"]
    (letter,) = house.store.dead_letters()
    assert letter.reason == (
        'No workflow "helthy" is registered. Did you mean "healthy"? Registered: healthy.'
    )
    with pytest.raises(StillDead, match="helthy"):
        requeue(house.broker, letter, Limits(), registry)
    assert requeue(house.broker, letter, Limits()) == "a"


def test_a_message_may_name_a_workflow_that_is_declared_in_the_store() -> None:
    house = House(Queue(), Registry())
    declared = StoredDefinition(kind="workflow", name="declared", version="v", body="{}")
    house.store.define(declared)
    house.queue.publish([foreign("declared", "a")])
    house.queue.publish([foreign("neither", "b")])
    assert house.claim() == ["a"]
    assert [letter.queue for letter in house.store.dead_letters()] == ["default"]
