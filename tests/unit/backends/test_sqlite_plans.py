"""What people ask of SQLite is found in narrow indexes, and no wide row is read for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus
from ergate.testing import FakeClock
from ergate_backends.sqlite import finding, measuring
from ergate_backends.sqlite.store import SqliteStore

NARROW = ("COVERING INDEX jobs_past", "INDEX jobs_live", "INDEX jobs_held", "INDEX jobs_due")
FILTERS = [
    JobFilter(status=status, workflow=workflow, queue=queue, since=since)
    for status, workflow, queue, since in product(
        (None, *JobStatus), (None, "w"), (None, "q"), (None, 1.0)
    )
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = Path(tmp_path_factory.mktemp("plans")) / "jobs.db"
    with closing(SqliteStore(path, FakeClock())) as store:
        store.migrate()
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def reads_of_jobs(file: sqlite3.Connection, query: str, values: Sequence[object]) -> list[str]:
    """Return how the plan of a query comes by jobs, line by line."""
    lines = [line for *_, line in file.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    return [line for line in lines if line.split()[1:2] == ["jobs"]]


@pytest.mark.parametrize("which", FILTERS, ids=str)
def test_a_page_is_found_in_narrow_indexes_and_then_read_by_its_numbers(
    file: sqlite3.Connection, which: JobFilter
) -> None:
    page, *found = reads_of_jobs(file, *finding.list_query(which, 100, 90_000))
    assert page == "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)"
    assert found
    assert all(line.endswith(NARROW) or "SEARCH" in line for line in found), found


@pytest.mark.parametrize("which", FILTERS, ids=str)
def test_a_count_reads_narrow_indexes(file: sqlite3.Connection, which: JobFilter) -> None:
    reads = [
        line
        for query, values in finding.count_queries(which)
        for line in reads_of_jobs(file, query, values)
    ]
    assert reads
    assert all(any(name in line for name in NARROW) for line in reads), reads


def test_the_newest_jobs_are_read_in_the_order_of_the_table(file: sqlite3.Connection) -> None:
    query, values = finding.list_query(JobFilter(), 100, 0)
    plan = [line for *_, line in file.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    assert plan == ["SCAN jobs"]  # nothing is sorted


def test_a_chart_is_drawn_from_one_index(file: sqlite3.Connection) -> None:
    for query, values in ((measuring.NUMBERS, [1.0, 2.0]), (measuring.TOOK, [1.0, 2.0, 3])):
        (read,) = reads_of_jobs(file, query, values)
        assert read.startswith("SEARCH jobs USING COVERING INDEX jobs_ended (finished_at>?")
