"""Kafka topics keep every promise of a queue, for several members of one group at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.contracts.address import Address
from ergate.testing import QueueSuite
from ergate_backends.kafka import membership
from ergate_backends.kafka.queue import KafkaQueue


class TestKafkaQueue(QueueSuite):
    patience_s = 20.0

    @pytest.fixture(autouse=True)
    def patient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a receiver wait for its share, as the suite takes "nothing came" for "nothing waits".

        Less than the others wait for what is in hand.
        """
        monkeypatch.setattr(membership, "JOIN_S", 2.0)

    @pytest.fixture
    def queue(self, kafka_url: str) -> Iterator[KafkaQueue]:
        queue = KafkaQueue(Address.parse(kafka_url))
        yield queue
        queue.close()

    @pytest.fixture
    def second_queue(self, kafka_url: str) -> Iterator[KafkaQueue]:
        second = KafkaQueue(Address.parse(kafka_url))
        yield second
        second.close()
