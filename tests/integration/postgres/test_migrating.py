"""A schema is made once, by whoever comes first, and never by somebody who is too old."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from ergate.cli.main import app as cli
from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.errors import SchemaError, SettingsError
from ergate.testing.conformance.moves import job
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target


@pytest.fixture
def target(postgres_url: str) -> Target:
    return Target.of(Address.parse(postgres_url))


@pytest.fixture
def store(target: Target) -> Iterator[PostgresStore]:
    with closing(PostgresStore(target, SystemClock())) as store:
        yield store


def test_of_many_that_migrate_at_once_all_succeed(target: Target) -> None:
    def migrate(_: int) -> None:
        with closing(PostgresStore(target, SystemClock())) as store:
            store.migrate()
            store.submit([job()])

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(migrate, range(6))) == [None] * 6


def test_a_newer_schema_is_refused_with_what_to_do(target: Target, store: PostgresStore) -> None:
    store.migrate()
    with psycopg.connect(target.uri) as connection:
        values = "VALUES (99, 'future')"
        query = f'INSERT INTO "{target.schema}".migrations (version, name) {values}'
        connection.execute(query.encode())
    with pytest.raises(SchemaError, match=r"version 99.*Upgrade Ergate"):
        store.migrate()


def test_without_a_schema_every_act_says_to_migrate(store: PostgresStore) -> None:
    with pytest.raises(SchemaError, match="ergate migrate"):
        store.submit([job()])


def test_the_printed_sql_makes_the_same_schema(
    postgres_url: str, target: Target, store: PostgresStore, work_dir: Path
) -> None:
    printed = CliRunner().invoke(cli, ["migrate", "--print", "--state", postgres_url])
    assert printed.exit_code == 0
    Path("ergate.sql").write_text(printed.output)
    psql = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", "ergate.sql", target.uri]
    subprocess.run(psql, check=True)
    store.migrate()
    store.submit([new := job()])
    assert [record.id for record in store.claim_ready(["default"], 1, "w")] == [new.id]
    again = CliRunner().invoke(cli, ["migrate", "--print", "--state", postgres_url])
    assert again.output.startswith("-- Nothing is missing")


def test_check_tells_whether_there_is_work_to_do(postgres_url: str, work_dir: Path) -> None:
    arguments = ["migrate", "--state", postgres_url]
    options: list[list[str]] = [["--check"], [], ["--check"]]
    codes = [CliRunner().invoke(cli, [*arguments, *more]).exit_code for more in options]
    assert codes == [1, 0, 0]


@pytest.mark.parametrize("schema", ["", "1x", "a b", 'x";drop', "pg_mine", "x" * 49, "ü"])
def test_a_schema_name_that_cannot_be_is_refused(schema: str) -> None:
    with pytest.raises(SettingsError, match="schema"):
        Target.of(Address(url="postgres://h/d", scheme="postgres", query=f"schema={schema}"))


def test_a_store_whose_schema_is_no_sql_says_so(work_dir: Path) -> None:
    refused = CliRunner().invoke(cli, ["migrate", "--print", "--state", "sqlite:///jobs.db"])
    assert refused.exit_code == 2
    assert not Path("jobs.db").exists()
