"""The password in a Postgres address is seen by the server, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.errors import SettingsError
from ergate.testing.secrets import CANARY, SecretsSuite, chain
from ergate.testing.servers.postgres import PostgresServer
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target


class TestPostgres(SecretsSuite):
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[PostgresServer]:
        PostgresServer.require()
        with PostgresServer(tmp_path / "postgres", password=CANARY) as server:
            yield server


def test_an_address_that_cannot_be_read_is_not_quoted() -> None:
    address = Address.parse(f"postgresql://ergate:{CANARY}@host/db?nonsense=1")
    with pytest.raises(SettingsError) as refused:
        PostgresStore(Target.of(address), SystemClock())
    assert CANARY not in chain(refused.value)
