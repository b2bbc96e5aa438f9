"""A Postgres server that dies and comes back, and one that only holds the queue and is emptied."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.testing.outages import OutageSuite, WipeSuite
from ergate.testing.scene import Addresses
from ergate.testing.servers.postgres import PostgresServer


class TestPostgres(OutageSuite):
    @pytest.fixture
    def server(self, postgres_server: PostgresServer) -> PostgresServer:
        return postgres_server

    @pytest.fixture
    def addresses(self, server: PostgresServer) -> Addresses:
        return Addresses(state_store=server.url)


class TestPostgresQueueBeforeSqlite(WipeSuite):
    @pytest.fixture
    def server(self, postgres_server: PostgresServer) -> PostgresServer:
        return postgres_server

    @pytest.fixture
    def addresses(self, server: PostgresServer, tmp_path: Path) -> Addresses:
        return Addresses(queue=server.url, state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
