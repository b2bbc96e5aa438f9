"""Members of one group that come, go, pause and fall silent, while messages wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from ergate.contracts.address import Address
from ergate.contracts.queue import Delivery, Message
from ergate.testing.fleet import eventually
from ergate_backends.kafka.membership import IDLE_S
from ergate_backends.kafka.polling import MANY
from ergate_backends.kafka.queue import KafkaQueue

COUNT = 3 * MANY


def opened(url: str) -> KafkaQueue:
    return KafkaQueue(Address.parse(url))


@pytest.fixture
def queue(kafka_url: str) -> Iterator[KafkaQueue]:
    with closing(opened(kafka_url)) as queue:
        yield queue


def publish(queue: KafkaQueue, count: int) -> None:
    queue.publish([Message(b"%d" % n, f"job-{n}") for n in range(count)])


def take(queue: KafkaQueue, limit: int = 100) -> set[bytes]:
    deliveries = queue.receive(["default"], limit, 0.2)
    queue.acknowledge(deliveries)
    return {one.body for one in deliveries}


def take_all(queue: KafkaQueue, count: int, took: set[bytes] | None = None) -> None:
    """Take until so many messages have come, those in `took` included."""
    took = set() if took is None else took

    def have_come() -> bool:
        took.update(take(queue))
        return len(took) == count

    eventually("every message has come", have_come)


def test_a_member_that_has_stopped_fetching_goes_on_after_its_share_has_changed(
    kafka_url: str, queue: KafkaQueue
) -> None:
    """It holds all that it may when the other joins, and again when that one leaves."""
    publish(queue, COUNT)
    took = take(queue, 1)
    poller = queue._member._poller
    eventually("it holds as much as it may", lambda: poller._shared.arrivals.count >= MANY)
    with closing(opened(kafka_url)) as other:
        took |= eventually("the other has a share", lambda: take(other))
    take_all(queue, COUNT, took)


def test_whoever_asks_no_more_gives_its_share_away(kafka_url: str, queue: KafkaQueue) -> None:
    take(queue)
    publish(queue, 100)
    with closing(opened(kafka_url)) as other:
        before = time.monotonic()
        take_all(other, 100)
        assert time.monotonic() - before < IDLE_S + 10


def test_whoever_asks_again_has_a_share_again(queue: KafkaQueue) -> None:
    take(queue)
    eventually("it has left", lambda: not queue._member._poller._queues)
    publish(queue, 10)
    take_all(queue, 10)


def test_whoever_only_publishes_is_in_no_group(queue: KafkaQueue) -> None:
    publish(queue, 1)
    assert queue._member._thread is None


def test_an_acknowledgement_that_comes_late_changes_nothing(
    kafka_url: str, queue: KafkaQueue
) -> None:
    """The share has gone to the other, who got the message, too."""
    publish(queue, 1)
    (mine,) = queue.receive(["default"], 1, 10.0)
    with closing(opened(kafka_url)) as other:
        found = eventually("it comes again", lambda: other.receive(["default"], 1, 1.0))
        queue.acknowledge([mine])
        queue.release([mine])
        assert found[0].identity == mine.identity
        other.acknowledge(found)
        eventually("nothing waits", lambda: other.depth("default") == 0)


def test_only_what_is_done_without_a_gap_is_committed(queue: KafkaQueue) -> None:
    queue.publish([Message(b"%d" % n, "same key") for n in range(3)])
    deliveries: list[Delivery] = []
    while len(deliveries) < 3:
        deliveries += queue.receive(["default"], 3, 5.0)
    queue.acknowledge(deliveries[1:])
    time.sleep(0.6)  # two commits could have happened
    assert queue.depth("default") == 3
    queue.acknowledge(deliveries[:1])
    eventually("everything is committed", lambda: queue.depth("default") == 0)


def test_the_newer_group_protocol_can_be_chosen(kafka_url: str) -> None:
    url = f"{kafka_url}&group.protocol=consumer"
    with closing(opened(url)) as queue, closing(opened(url)) as other:
        publish(queue, 200)
        took = take(queue)
        took |= eventually("the other has a share", lambda: take(other))
        other.close()
        take_all(queue, 200, took)
