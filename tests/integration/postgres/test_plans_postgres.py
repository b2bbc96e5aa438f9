"""How Postgres goes about a statement: before it knows anything about the tables, and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import product

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus
from ergate.testing.conformance.moves import job
from ergate_backends.postgres import finding
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import connect
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.rows import tickets_json
from ergate_backends.postgres.statements import Statements
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target

JOBS = 500
_END_MOST = """
    UPDATE {schema}.jobs SET finished_at = created_at + n,
           status = CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'completed' END
    WHERE n % 10 > 0 OR n % 20 = 0
"""
FILTERS = [
    JobFilter(status=status, workflow=workflow, queue=queue, since=since)
    for status, workflow, queue, since in product(
        (None, *JobStatus), (None, "w"), (None, "q"), (None, 1.0)
    )
]


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


@pytest.fixture(scope="module")
def acts(postgres_address: str) -> Iterator[Acts]:
    """The statements of a schema with jobs that the server's own housekeeping has seen."""
    target = Target.of(Address.parse(f"{postgres_address}?schema=plans_of_pages"))
    with closing(PostgresStore(target, SystemClock())) as store, closing(connect(target)) as plain:
        store.migrate()
        store.submit([job() for _ in range(10 * JOBS)])
        plain.execute(_END_MOST.replace("{schema}", Statements(target.schema).schema).encode())
        plain.execute(f"VACUUM (ANALYZE) {Statements(target.schema).schema}.jobs".encode())
        with closing(Pool(target)) as pool:
            yield Acts(pool, Statements(target.schema), SystemClock())
        plain.execute(f"DROP SCHEMA {Statements(target.schema).schema} CASCADE".encode())


def explained(acts: Acts, query: bytes, values: Mapping[str, object]) -> str:
    """Return the plan of a query as our connections make it."""
    with acts.pool.use() as connection:
        rows = acts.on(connection, b"EXPLAIN " + query, **values)
    return "\n".join(line for (line,) in rows)


@pytest.mark.parametrize("which", FILTERS, ids=str)
def test_a_page_is_found_in_a_narrow_index_and_then_read_by_its_numbers(
    acts: Acts, which: JobFilter
) -> None:
    query, values = finding.list_query(acts, which)
    plan = explained(acts, query, values | {"limit": 100, "offset": 90_000})
    assert "Seq Scan" not in plan
    assert "Index Scan Backward using jobs_facts" not in plan, plan  # that reads every job whole
    assert "Index Cond: (n = found.n)" in plan, plan


@pytest.mark.parametrize("which", FILTERS, ids=str)
def test_a_count_reads_no_row_of_the_many_that_have_ended(acts: Acts, which: JobFilter) -> None:
    plan = explained(acts, *finding.count_query(acts, which))
    assert "Seq Scan" not in plan
    if which.status in (None, JobStatus.COMPLETED):
        assert "Index Only Scan" in plan, plan
    assert "Index Scan Backward using jobs_facts" not in plan, plan


def test_a_chart_is_drawn_from_one_index(acts: Acts) -> None:
    values = {"since": 1.0, "span_s": 60.0, "spans": 60, "samples": 400}
    plan = explained(acts, acts.sql("activity"), values)
    reads = [line for line in plan.splitlines() if " on jobs" in line]
    assert len(reads) == 2
    assert all("Index Only Scan using jobs_ended" in line for line in reads), plan
