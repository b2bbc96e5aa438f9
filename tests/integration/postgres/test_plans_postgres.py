"""How Postgres goes about a statement before it knows anything about the tables."""

from __future__ import annotations

from contextlib import closing

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.testing.conformance.moves import job
from ergate_backends.postgres.connection import connect
from ergate_backends.postgres.rows import tickets_json
from ergate_backends.postgres.statements import Statements
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target

JOBS = 500


def test_marking_tickets_looks_each_job_up_by_its_id(postgres_url: str) -> None:
    """Comparing all jobs with all tickets would make each batch of a bulk slower than the last."""
    target = Target.of(Address.parse(postgres_url))
    with closing(PostgresStore(target, SystemClock())) as store, closing(connect(target)) as plain:
        store.migrate()
        tickets = store.submit([job() for _ in range(JOBS)])
        order = b"EXPLAIN " + Statements(target.schema)("published")
        rows = plain.execute(order, {"tickets": tickets_json(tickets), "now": None})
        plan = "\n".join(str(line) for (line,) in rows)
    assert "Join Filter" not in plan, plan
