"""The password in a Kafka address is seen by the server, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.testing.scene import Addresses
from ergate.testing.secrets import CANARY, Placed, SecretsSuite
from ergate.testing.servers.kafka import KafkaServer


class TestKafka(SecretsSuite):
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[KafkaServer]:
        KafkaServer.require()
        with KafkaServer(tmp_path / "kafka", password=CANARY) as server:
            yield server

    @pytest.fixture
    def placed(self, tmp_path: Path) -> Placed:
        return lambda url: Addresses(queue=url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
