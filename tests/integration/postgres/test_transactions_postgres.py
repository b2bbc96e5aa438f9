"""On Postgres, too, a step's own writes and new jobs belong to one transaction."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from ergate import Ergate, Job
from ergate.contracts.address import Address
from ergate.errors import JobNotFoundError, UsageError
from ergate.jobs.errors import JobError
from ergate.jobs.status import JobStatus
from ergate.testing.scene import Addresses, Scene
from ergate_backends.postgres.target import Target
from tests.integration import ledger_app

APP = f"{ledger_app.__file__}:app"
JOBS = 300
KILLS = 8


@pytest.fixture
def scene(postgres_url: str, tmp_path: Path) -> Iterator[Scene]:
    addresses = Addresses(state_store=postgres_url)
    with closing(Scene(addresses, tmp_path, ledger_app.app.registry)) as scene:
        yield scene


@pytest.fixture
def database(scene: Scene, postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection of the user's own, with the ledger's table."""
    with psycopg.connect(Target.of(Address.parse(postgres_url)).uri) as connection:
        connection.execute(ledger_app.TABLE.encode())
        connection.commit()
        yield connection


@pytest.fixture
def app(postgres_url: str) -> Iterator[Ergate[Job]]:
    app = Ergate(postgres_url)
    app.register_workflow(ledger_app.booking)
    yield app
    app.client.close()


@pytest.mark.timeout(120)
def test_workers_that_are_killed_in_the_middle_leave_each_entry_exactly_once(
    scene: Scene, database: psycopg.Connection
) -> None:
    ids = scene.submit("booking", range(JOBS))
    fleet = scene.fleet(APP, processes=2, max_deliveries=20)
    chance = random.Random(7)
    killed: set[int] = set()
    while len(killed) < KILLS:
        time.sleep(chance.uniform(0.05, 0.3))  # a moment of work, so that the kill hits some
        if victims := set(fleet.wait_ready(1)) - killed:
            victim = chance.choice(sorted(victims))
            fleet.hurt(victim, signal.SIGKILL)
            killed.add(victim)
    ended = scene.wait_ended(timeout_s=90)
    assert fleet.stop() == 0
    assert {job.status for job in ended} == {JobStatus.COMPLETED}
    expected = [f"debit {one}:0" for one in ids] + [f"credit {one}:1" for one in ids]
    assert sorted(_ledger(database)) == sorted(expected)


def test_a_step_that_fails_leaves_nothing_behind(
    scene: Scene, database: psycopg.Connection
) -> None:
    (job_id,) = scene.submit("broken", [None])
    fleet = scene.fleet(APP)
    (job,) = scene.wait_ended(job_id)
    assert fleet.stop() == 0
    assert (job.status, _ledger(database)) == (JobStatus.FAILED, [])


@pytest.mark.parametrize(
    ("sql", "why"),
    [("COMMIT", "ended the transaction"), ("SELECT 1/0", "swallowed an error")],
)
def test_a_step_that_spoils_its_transaction_fails_and_says_why(
    scene: Scene, database: psycopg.Connection, tmp_path: Path, sql: str, why: str
) -> None:
    (tmp_path / "spoiling.py").write_text(
        "from contextlib import suppress\n"
        "from typing import Annotated, Any\n"
        "from ergate import Ergate, Transaction, Workflow\n"
        "app, spoils = Ergate(), Workflow('spoils')\n"
        "@spoils.step\n"
        "def spoil(db: Annotated[Any, Transaction()]) -> None:\n"
        f"    with suppress(Exception): db.execute({sql!r})\n"
        "app.register_workflow(spoils)\n"
    )
    with closing(Scene(scene._addresses, tmp_path, None)) as there:
        (job_id,) = there.submit("spoils", [None])
        fleet = there.fleet(f"{tmp_path / 'spoiling.py'}:app")
        (job,) = there.wait_ended(job_id)
        assert fleet.stop() == 0
    assert job.status is JobStatus.FAILED
    assert why in JobError.from_json(job.error or "").message


def test_a_job_exists_when_the_callers_transaction_commits(
    app: Ergate[Job], database: psycopg.Connection
) -> None:
    database.execute("INSERT INTO ledger VALUES ('kept')")
    job = app.enqueue("booking", 1, connection=database)
    with pytest.raises(JobNotFoundError):
        app.get_job(job.id)
    database.commit()
    assert app.get_job(job.id).status is JobStatus.QUEUED


def test_a_job_whose_transaction_rolls_back_never_existed(
    app: Ergate[Job], database: psycopg.Connection
) -> None:
    job = app.enqueue("booking", 1, connection=database)
    database.rollback()
    with pytest.raises(JobNotFoundError):
        app.get_job(job.id)


def test_a_commit_wakes_an_idle_worker(
    scene: Scene, app: Ergate[Job], database: psycopg.Connection
) -> None:
    fleet = scene.fleet(APP)
    fleet.wait_ready()
    job = app.enqueue("booking", 1, connection=database)
    database.commit()
    assert app.wait(job.id, timeout_s=10).status is JobStatus.COMPLETED
    assert fleet.stop() == 0


def test_a_connection_of_another_kind_is_refused(app: Ergate[Job]) -> None:
    with pytest.raises(UsageError, match="no psycopg connection"):
        app.enqueue("booking", 1, connection=object())


def _ledger(database: psycopg.Connection) -> list[str]:
    return [entry for (entry,) in database.execute("SELECT entry FROM ledger").fetchall()]
