"""A RabbitMQ server that dies, comes back, is cut off, and once loses every queue."""

from __future__ import annotations

import pytest

from ergate.testing.outages import WipeSuite
from ergate.testing.scene import Addresses
from ergate.testing.servers.rabbitmq import RabbitMQServer


class TestRabbitMQBeforePostgres(WipeSuite):
    @pytest.fixture
    def server(self, rabbitmq_server: RabbitMQServer) -> RabbitMQServer:
        return rabbitmq_server

    @pytest.fixture
    def addresses(self, server: RabbitMQServer, postgres_url: str) -> Addresses:
        return Addresses(queue=server.url, state_store=postgres_url)
