"""Kafka alone, as queue and as journal, in real processes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from ergate.testing.servers.kafka import KafkaServer
from tests.integration.journals.suite import JournalRuns


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A server that a test may kill and start again."""
    KafkaServer.require()
    with KafkaServer(tmp_path_factory.mktemp("kafka") / "data") as server:
        yield server


class TestKafka(JournalRuns):
    @pytest.fixture
    def url(self, server: KafkaServer) -> str:
        return f"{server.url}?prefix=test-{uuid.uuid4().hex}&partitions=3"

    @pytest.fixture
    def outage(self, server: KafkaServer) -> AbstractContextManager[None]:
        return _killed(server)


@contextmanager
def _killed(server: KafkaServer) -> Iterator[None]:
    server.kill()
    yield
    server.start()
