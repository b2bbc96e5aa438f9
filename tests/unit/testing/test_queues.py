"""A faulty queue does each fault on command, and the same ones for the same seed."""

from __future__ import annotations

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Message
from ergate.testing import FaultyQueue
from ergate_backends.memory.queue import MemoryQueue

SENT = [Message(b"%d" % number, "job") for number in range(100)]


def received(queue: FaultyQueue, calls: int = 10) -> list[bytes]:
    bodies: list[bytes] = []
    for _ in range(calls):
        bodies += [delivery.body for delivery in queue.receive(["default"], 1000, 0.0)]
    return bodies


def bodies(messages: list[Message]) -> list[bytes]:
    return [message.body for message in messages]


def test_without_faults_everything_arrives_once_and_in_order() -> None:
    queue = FaultyQueue(MemoryQueue())
    queue.publish(SENT)
    assert received(queue) == bodies(SENT)


def test_some_messages_are_confirmed_and_lost() -> None:
    queue = FaultyQueue(MemoryQueue(), lose=0.5)
    queue.publish(SENT)
    arrived = received(queue)
    assert set(arrived) < set(bodies(SENT))
    assert len(arrived) == len(SENT) - queue.faults.lost


def test_some_messages_arrive_twice() -> None:
    queue = FaultyQueue(MemoryQueue(), double=0.5)
    queue.publish(SENT)
    arrived = received(queue)
    assert set(arrived) == set(bodies(SENT))
    assert len(arrived) == len(SENT) + queue.faults.doubled > len(SENT)


def test_delayed_messages_arrive_some_calls_later() -> None:
    queue = FaultyQueue(MemoryQueue(), delay=1.0, longest_delay=5)
    queue.publish(SENT)
    first = received(queue, calls=1)
    assert len(first) < len(SENT)
    assert sorted(first + received(queue, calls=4)) == sorted(bodies(SENT))


def test_messages_change_places() -> None:
    queue = FaultyQueue(MemoryQueue(), reorder=1.0)
    queue.publish(SENT)
    arrived = received(queue)
    assert arrived != bodies(SENT)
    assert sorted(arrived) == sorted(bodies(SENT))
    assert queue.faults.reordered > 0


def test_a_wipe_loses_what_waits_and_what_is_delayed() -> None:
    queue = FaultyQueue(MemoryQueue(), delay=0.5)
    queue.publish(SENT)
    assert queue.wipe("default") == len(SENT)
    assert received(queue) == []


def test_the_same_seed_gives_the_same_faults() -> None:
    runs = []
    for seed in (1, 1, 2):
        queue = FaultyQueue(MemoryQueue(), seed, lose=0.3, double=0.3, delay=0.3, reorder=0.5)
        queue.publish(SENT)
        runs.append(received(queue))
    assert runs[0] == runs[1] != runs[2]


def test_it_can_do_what_the_wrapped_queue_can() -> None:
    queue = FaultyQueue(MemoryQueue())
    queue.publish(SENT)
    assert queue.capabilities == {Capability.DEPTH, Capability.PURGE}
    assert [queue.depth("default"), queue.purge("default")] == [100, 100]
