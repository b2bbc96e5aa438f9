"""A step that writes in the transaction of its outcome has its effect exactly once."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.jobs.errors import JobError
from ergate.jobs.status import JobStatus
from ergate.testing import Harness
from ergate.testing.scene import Addresses, Scene
from tests.integration import ledger_app

APP = f"{ledger_app.__file__}:app"
JOBS = 300
KILLS = 8


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def scene(file: Path, tmp_path: Path) -> Iterator[Scene]:
    addresses = Addresses(state_store=f"sqlite:///{file}")
    with closing(Scene(addresses, tmp_path, ledger_app.app.registry)) as scene:
        yield scene


@pytest.mark.timeout(120)
def test_workers_that_are_killed_in_the_middle_leave_each_entry_exactly_once(
    scene: Scene, file: Path
) -> None:
    ids = scene.submit("booking", range(JOBS))
    fleet = scene.fleet(APP, processes=2, max_deliveries=20)
    chance = random.Random(7)
    killed: set[int] = set()
    while len(killed) < KILLS:
        fleet.wait_ready(1)
        time.sleep(chance.uniform(0.05, 0.3))  # a moment of work, so that the kill hits some
        victims = set(fleet.wait_ready(1)) - killed
        if victims:
            victim = chance.choice(sorted(victims))
            fleet.hurt(victim, signal.SIGKILL)
            killed.add(victim)
    ended = scene.wait_ended(timeout_s=90)
    assert fleet.stop() == 0
    assert {job.status for job in ended} == {JobStatus.COMPLETED}
    expected = [f"debit {one}:0" for one in ids] + [f"credit {one}:1" for one in ids]
    assert sorted(_ledger(file)) == sorted(expected)


def test_a_step_that_fails_leaves_nothing_of_what_it_wrote(scene: Scene, file: Path) -> None:
    scene.submit("broken", [None])
    fleet = scene.fleet(APP, processes=1)
    (job,) = scene.wait_ended(timeout_s=30)
    assert fleet.stop() == 0
    assert job.status is JobStatus.FAILED
    assert JobError.from_json(job.error or "").message == "after the entry"
    assert _ledger(file) == []


def test_a_store_that_lends_no_transaction_fails_the_step_and_says_so() -> None:
    with Harness(ledger_app.app) as bench:
        job = bench.enqueue("booking", 1)
        bench.run_until_idle()
        ended = bench.job(job.id)
    assert ended.status is JobStatus.FAILED
    assert ended.error is not None
    assert ended.error.type == "Unsupported"
    assert "TRANSACTIONAL_STEPS" in ended.error.message


def _ledger(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ledger'").fetchall():
            return []
        return [entry for (entry,) in connection.execute("SELECT entry FROM ledger")]
