"""The relayed broker: when tickets are published, and again, and what a claim makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from ergate.brokers.broker import Labels
from ergate.brokers.relayed import RelayedBroker
from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message
from ergate.contracts.state_store import WorkerInfo
from ergate.errors import BackendUnavailable
from ergate.jobs.codec import Limits
from ergate.jobs.events import Advanced, RecoveryPolicy, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing import FakeClock
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
    def __init__(self, queue: Queue) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.store.heartbeat([WorkerInfo(worker_id="me", host="h", pid=1, started_at=0.0)], 9e6)
        self.queue = queue
        self.broker = RelayedBroker(
            queue,
            self.store,
            Labels("q", "s"),
            Limits(),
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
