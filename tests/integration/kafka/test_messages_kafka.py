"""Jobs and nonsense that a program in another language publishes: one shell line with kcat."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest

from ergate.contracts.address import Address
from ergate.testing.messages import MessagesSuite, Publish
from ergate.testing.scene import Addresses
from ergate.testing.servers.base import ServerMissing, missing


class TestKcat(MessagesSuite):
    @pytest.fixture
    def addresses(self, kafka_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=kafka_url, state_store=postgres_url)

    @pytest.fixture
    def publish(self, kafka_url: str) -> Publish:
        if shutil.which("kcat") is None:
            missing(ServerMissing("kcat is not installed. Type: sudo apt-get install -y kcat"))
        place = Address.parse(kafka_url)
        topic = f"{place.options['prefix']}.default"
        line = f"kcat -P -b {place.authority} -t {topic} -X message.max.bytes=8000000"

        def publish(bodies: Sequence[bytes]) -> None:
            done = subprocess.run(
                line.split(), input=b"\n".join(bodies), capture_output=True, check=False
            )
            assert done.returncode == 0, done.stderr

        return publish
