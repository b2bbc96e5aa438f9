"""Redis does what the reference says, whatever happens in whatever order."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

import pytest

from ergate.contracts.address import Address
from ergate.testing import FakeClock, state_machine_for
from ergate_backends.redis.store import RedisStore


class UnderOwnPrefix(RedisStore):
    """Keys of its own for each story."""

    server: ClassVar[str]

    def __init__(self, clock: FakeClock) -> None:
        sign = "&" if "?" in self.server else "?"
        super().__init__(Address.parse(f"{self.server}{sign}prefix=story-{uuid4().hex}"), clock)
        self.migrate()


class TestRedisStore(state_machine_for(UnderOwnPrefix).TestCase):  # type: ignore[misc]  # made there
    @pytest.fixture(autouse=True)
    def server(self, redis_address: str) -> None:
        UnderOwnPrefix.server = redis_address
