"""A share group of Kafka keeps the promises of a queue, but for one.

It hands out nothing more to a receiver that has not settled all of what it gave. So whoever wants
many messages acknowledges them as they come, which is what workers do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from ergate.contracts.address import Address
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.testing import QueueSuite
from ergate_backends.kafka.queue import KafkaShareQueue


class TestKafkaShareQueue(QueueSuite):
    patience_s = 20.0

    @pytest.fixture
    def queue(self, kafka_url: str) -> Iterator[KafkaShareQueue]:
        queue = KafkaShareQueue(Address.parse(f"{kafka_url}&mode=share"))
        yield queue
        queue.close()

    @pytest.fixture
    def second_queue(self, kafka_url: str) -> Iterator[KafkaShareQueue]:
        second = KafkaShareQueue(Address.parse(f"{kafka_url}&mode=share"))
        yield second
        second.close()

    def receive_all(
        self, queue: Queue, count: int, names: Sequence[str] = ("default",), limit: int = 100
    ) -> list[Delivery]:
        deliveries = super().receive_all(queue, 1, names, 1 if count == 1 else limit)
        while len(deliveries) < count:
            queue.acknowledge(deliveries)
            deliveries += super().receive_all(queue, 1, names, limit)
        return deliveries

    def test_one_call_gives_no_more_than_its_limit(self, queue: Queue) -> None:
        queue.publish([Message(b"%d" % n, "a") for n in range(5)])
        got: list[Delivery] = []
        while len(got) < len("abcde"):
            deliveries = queue.receive(["default"], 2, self.patience_s)
            assert len(deliveries) in (1, 2)
            queue.acknowledge(deliveries)
            got += deliveries
        assert {d.body for d in got} == {b"0", b"1", b"2", b"3", b"4"}

    def test_a_message_waits_only_in_its_own_queue(self, queue: Queue) -> None:
        queue.publish([Message(b"1", "a", "a"), Message(b"2", "b", "b")])
        (of_b,) = self.receive_all(queue, 1, ["b"])
        queue.acknowledge([of_b])
        self.nothing_more(queue, ["b"])
        (of_a,) = self.receive_all(queue, 1, ["a"])
        assert (of_b.body, of_a.body) == (b"2", b"1")
