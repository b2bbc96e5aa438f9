"""Jobs and nonsense in a Redis stream, from a program that only knows `XADD`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ergate.contracts.address import Address
from ergate.testing.messages import MessagesSuite, Publish
from ergate.testing.scene import Addresses
from ergate_backends.redis.address import Place


class TestRedisQueueBeforeSqlite(MessagesSuite):
    @pytest.fixture
    def addresses(self, redis_url: str, tmp_path: Path) -> Addresses:
        return Addresses(queue=redis_url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")

    @pytest.fixture
    def publish(self, redis_url: str) -> Publish:
        place = Place.of(Address.parse(redis_url))

        def publish(bodies: Sequence[bytes]) -> None:
            with closing(place.connect()) as client:
                for body in bodies:
                    client.execute_command("XADD", f"{place.base}stream:default", "*", "body", body)

        return publish
