"""The password in a RabbitMQ address is seen by the server, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.testing.scene import Addresses
from ergate.testing.secrets import CANARY, Placed, SecretsSuite
from ergate.testing.servers.rabbitmq import RabbitMQServer


class TestRabbitMQ(SecretsSuite):
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[RabbitMQServer]:
        RabbitMQServer.require()
        with RabbitMQServer(tmp_path / "rabbitmq", password=CANARY) as server:
            yield server

    @pytest.fixture
    def placed(self, tmp_path: Path) -> Placed:
        return lambda url: Addresses(queue=url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
