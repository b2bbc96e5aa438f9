"""RabbitMQ alone, as queue and as journal, in real processes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from ergate.testing.servers.rabbitmq import RabbitMQServer
from tests.integration.journals.suite import JournalRuns


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQServer]:
    """A server that a test may kill and start again."""
    RabbitMQServer.require()
    with RabbitMQServer(tmp_path_factory.mktemp("rabbitmq") / "data") as server:
        yield server


class TestRabbitMQ(JournalRuns):
    @pytest.fixture
    def url(self, server: RabbitMQServer) -> str:
        return f"{server.url}?prefix=test-{uuid.uuid4().hex}"

    @pytest.fixture
    def outage(self, server: RabbitMQServer) -> AbstractContextManager[None]:
        return _killed(server)


@contextmanager
def _killed(server: RabbitMQServer) -> Iterator[None]:
    server.flush()
    server.kill()
    yield
    server.start()
