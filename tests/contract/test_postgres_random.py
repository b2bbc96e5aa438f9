"""Whatever happens to jobs in Postgres, they are where the pure function says."""

from __future__ import annotations

import itertools

import pytest

from ergate.contracts.address import Address
from ergate.testing import FakeClock, state_machine_for
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target

_numbers = itertools.count()


class InOwnSchema(PostgresStore):
    """A fresh schema for each story."""

    url: str

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(Target.of(Address.parse(f"{self.url}_{next(_numbers)}")), clock)
        self.migrate()


class TestPostgresStore(state_machine_for(InOwnSchema).TestCase):  # type: ignore[misc]  # made there
    @pytest.fixture(autouse=True)
    def on_a_server(self, postgres_url: str) -> None:
        InOwnSchema.url = postgres_url
