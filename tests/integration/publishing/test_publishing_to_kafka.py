"""Events of Postgres in a Kafka topic, through kills of supervisors and of the broker."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from ergate.testing.scene import Addresses
from ergate.testing.servers.kafka import KafkaServer
from tests.integration.publishing.suite import PublishingSuite, survive_outages


class TestToKafka(PublishingSuite):
    jobs: ClassVar[int] = 250
    kills: ClassVar[int] = 4

    @pytest.fixture
    def addresses(self, postgres_url: str) -> Addresses:
        return Addresses(state_store=postgres_url)

    @pytest.fixture
    def journal_url(self, kafka_url: str) -> str:
        return kafka_url


@pytest.mark.timeout(300)
def test_a_broker_that_is_down_at_the_start_and_killed_twice_loses_no_event(
    tmp_path: Path, kafka_server: KafkaServer
) -> None:
    survive_outages(f"{kafka_server.url}?prefix=shop", kafka_server, tmp_path)
