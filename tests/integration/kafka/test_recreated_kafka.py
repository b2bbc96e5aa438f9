"""A topic that is deleted, or deleted and made anew, while workers and producers go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from ergate.contracts.address import Address
from ergate.contracts.queue import Delivery, Message
from ergate.testing.fleet import eventually
from ergate.testing.servers.kafka import KafkaServer
from ergate_backends.kafka.queue import KafkaQueue

TOPIC = "ergate.default"


@pytest.fixture
def server(kafka_server: KafkaServer) -> KafkaServer:
    return kafka_server


@pytest.fixture
def queue(server: KafkaServer) -> Iterator[KafkaQueue]:
    with closing(KafkaQueue(Address.parse(server.url))) as queue:
        yield queue


def messages(begin: int, end: int) -> list[Message]:
    return [Message(b"%d" % n, f"job-{n}") for n in range(begin, end)]


def receive_until(queue: KafkaQueue, bodies: set[bytes]) -> list[Delivery]:
    """Receive and acknowledge until each of these bodies has come."""
    found: list[Delivery] = []

    def all_came() -> bool:
        found.extend(queue.receive(["default"], 500, 0.2))
        queue.acknowledge(found)
        return bodies <= {one.body for one in found}

    eventually("every message has come", all_came)
    return found


def bodies(begin: int, end: int) -> set[bytes]:
    return {b"%d" % n for n in range(begin, end)}


def delete_topics(server: KafkaServer) -> None:
    """Delete the topics, and return when the broker has heard of it from the controller.

    Until then it still confirms what is written to a log that is about to go.
    """
    old = id_on_disk(server)
    server.reset()
    eventually("the log is gone, or another one", lambda: id_on_disk(server) != old)


def id_on_disk(server: KafkaServer) -> str | None:
    """Return what the broker has written about the topic whose log it keeps."""
    try:
        return (server.directory / "data" / f"{TOPIC}-0" / "partition.metadata").read_text()
    except FileNotFoundError:
        return None


def test_nothing_of_a_topic_that_was_made_anew_is_passed_over(
    server: KafkaServer, queue: KafkaQueue
) -> None:
    """The new log is longer at once than the old one was: the old offsets are within it."""
    queue.publish(messages(0, 100))
    old = receive_until(queue, bodies(0, 100))
    eventually("the group has committed", lambda: queue.depth("default") == 0)
    with closing(KafkaQueue(Address.parse(server.url))) as other:
        delete_topics(server)
        other.publish(messages(1000, 1600))
        new = receive_until(queue, bodies(1000, 1600))
    assert not {one.identity for one in old} & {one.identity for one in new}


def test_a_publisher_makes_a_topic_that_was_deleted(server: KafkaServer, queue: KafkaQueue) -> None:
    queue.publish(messages(0, 10))
    delete_topics(server)
    queue.publish(messages(10, 20))
    assert server.topics() == [TOPIC]
    assert queue.depth("default") == len(messages(10, 20))


def test_every_partition_of_a_deleted_topic_is_published_to_again(server: KafkaServer) -> None:
    """Of many partitions some are let go while the client library tries once more."""
    with closing(KafkaQueue(Address.parse(f"{server.url}?partitions=24"))) as queue:
        queue.publish(messages(0, 100))
        for _ in range(2):
            delete_topics(server)
            queue.publish(messages(0, 100))
        receive_until(queue, bodies(0, 100))


def test_a_receiver_makes_a_topic_that_was_deleted(server: KafkaServer, queue: KafkaQueue) -> None:
    queue.receive(["default"], 1, 0.1)
    delete_topics(server)

    def is_there() -> bool:
        queue.receive(["default"], 1, 0.1)
        return server.topics() == [TOPIC]

    eventually("the topic is there again", is_there)
