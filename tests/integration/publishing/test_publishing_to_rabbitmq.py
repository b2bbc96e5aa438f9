"""Events of Redis in a RabbitMQ stream, through kills of supervisors and of the broker."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from ergate.testing.scene import Addresses
from ergate.testing.servers.rabbitmq import RabbitMQServer
from tests.integration.publishing.suite import PublishingSuite, survive_outages


class TestToRabbitMQ(PublishingSuite):
    jobs: ClassVar[int] = 250
    kills: ClassVar[int] = 4

    @pytest.fixture
    def addresses(self, redis_url: str) -> Addresses:
        return Addresses(state_store=redis_url)

    @pytest.fixture
    def journal_url(self, rabbitmq_url: str) -> str:
        return rabbitmq_url


@pytest.mark.timeout(300)
def test_a_broker_that_is_down_at_the_start_and_killed_twice_loses_no_event(
    tmp_path: Path, rabbitmq_server: RabbitMQServer
) -> None:
    survive_outages(f"{rabbitmq_server.url}?prefix=shop", rabbitmq_server, tmp_path)
