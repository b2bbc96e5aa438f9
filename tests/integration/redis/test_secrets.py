"""The password in a Redis address is seen by the server, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.testing.secrets import CANARY, SecretsSuite
from ergate.testing.servers.redis import RedisServer


class TestRedis(SecretsSuite):
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[RedisServer]:
        RedisServer.require()
        with RedisServer(tmp_path / "redis", password=CANARY) as server:
            yield server
