"""A table in Postgres keeps every promise of an external queue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ergate.contracts.address import Address
from ergate.testing import QueueSuite
from ergate_backends.postgres.queue import PostgresQueue
from ergate_backends.postgres.target import Target


class TestPostgresQueue(QueueSuite):
    @pytest.fixture
    def queue(self, postgres_url: str) -> Iterator[PostgresQueue]:
        queue = PostgresQueue(Target.of(Address.parse(postgres_url)))
        yield queue
        queue.close()

    @pytest.fixture
    def second_queue(self, queue: PostgresQueue, postgres_url: str) -> Iterator[PostgresQueue]:
        second = PostgresQueue(Target.of(Address.parse(postgres_url)))
        yield second
        second.close()
