"""A Kafka server that dies, comes back, is cut off, and once forgets its topics."""

from __future__ import annotations

import pytest

from ergate.testing.outages import WipeSuite
from ergate.testing.scene import Addresses
from ergate.testing.servers.kafka import KafkaServer


class TestKafkaInFrontOfPostgres(WipeSuite):
    @pytest.fixture
    def server(self, kafka_server: KafkaServer) -> KafkaServer:
        return kafka_server

    @pytest.fixture
    def addresses(self, server: KafkaServer, postgres_url: str) -> Addresses:
        return Addresses(queue=server.url, state_store=postgres_url)
