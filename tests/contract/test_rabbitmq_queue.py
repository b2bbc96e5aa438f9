"""RabbitMQ keeps every promise of a queue, for several connections at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.testing import QueueSuite
from ergate_backends.rabbitmq.queue import RabbitMQQueue


class TestRabbitMQQueue(QueueSuite):
    @pytest.fixture
    def queue(self, rabbitmq_url: str) -> Iterator[RabbitMQQueue]:
        queue = RabbitMQQueue(Address.parse(rabbitmq_url), SystemClock())
        yield queue
        queue.close()

    @pytest.fixture
    def second_queue(self, rabbitmq_url: str) -> Iterator[RabbitMQQueue]:
        second = RabbitMQQueue(Address.parse(rabbitmq_url), SystemClock())
        yield second
        second.close()
