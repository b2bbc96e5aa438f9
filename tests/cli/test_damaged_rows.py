"""A damaged row troubles neither the other jobs, nor the commands, nor the workers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.jobs.status import JobStatus
from tests.cli.shop import Shop, open_shop

DAMAGE = {
    "user_context": "CAST(x'ff' AS TEXT)",
    "initial_input_value": "'{nope'",
    "last_return_value": "'NaN'",
    "extra": "'[1]'",
    "attempt": "'many'",
    "deliveries": "'x'",
    "steps_completed": "1.5",
    "percent_completed": "'all'",
    "current_step": "-4",
    "created_at": "'soon'",
    "updated_at": "9e99",
    "finished_at": "x'ff'",
}
NO_NUMBERS = {"attempt", "unroutable", "steps_completed", "percent_completed", "created_at"}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


@pytest.mark.parametrize("column", DAMAGE)
def test_a_list_tells_of_a_damaged_job_and_shows_the_others(shop: Shop, column: str) -> None:
    before, damaged, after = shop.order(), shop.order(), shop.order()
    shop.damage(damaged, column, DAMAGE[column])
    done = shop.run("jobs", "list", "--json")
    assert [job["id"] for job in shop.json("jobs", "list")] == [after, before]
    assert done.stderr.startswith("warning: one job is left out.")
    assert damaged in done.stderr
    assert f"its stored {column} is " in done.stderr


@pytest.mark.parametrize("column", DAMAGE)
def test_a_damaged_job_that_is_asked_for_tells_the_column(shop: Shop, column: str) -> None:
    damaged = shop.order()
    shop.damage(damaged, column, DAMAGE[column])
    for options in ([], ["--json"]):
        assert f"its stored {column} is " in (
            shop.run("jobs", "show", damaged, *options, code=4).stderr
        )


@pytest.mark.parametrize("column", ["step_name", "workflow_name", "fingerprint", "error"])
def test_damaged_text_is_shown_with_visible_escapes(shop: Shop, column: str) -> None:
    damaged = shop.order()
    shop.damage(damaged, column, "CAST(x'ff1b' AS TEXT)")
    shown = shop.run("jobs", "list").stdout + shop.run("jobs", "show", damaged, "--json").stdout
    assert "\\xff" in shown
    assert "\x1b" not in shown


def test_damaged_rows_stop_no_worker(shop: Shop) -> None:
    shop.fund()
    values = DAMAGE | {"unroutable": "x'00'", "fingerprint": "CAST(x'ff1b' AS TEXT)"}
    damaged = {column: shop.order() for column in values}
    healthy = [shop.order() for _ in range(5)]
    for column, job_id in damaged.items():
        shop.damage(job_id, column, values[column])
    shop.work()
    assert {shop.job(job_id).status for job_id in healthy} == {JobStatus.COMPLETED}
    with closing(sqlite3.connect(".ergate/ergate.db")) as database:
        statuses = dict(database.execute("SELECT id, status FROM jobs").fetchall())
    assert {statuses[damaged[column]] for column in NO_NUMBERS} == {"failed"}
    assert statuses[damaged["initial_input_value"]] == "failed"


def test_a_job_that_failed_for_its_row_says_so_in_its_history(shop: Shop) -> None:
    damaged = shop.order()
    shop.damage(damaged, "attempt", "'many'")
    shop.work()
    last = shop.json("jobs", "history", damaged)[-1]
    assert (last["event"], last["status"], last["detail"]["type"]) == (
        "failed",
        "failed",
        "CorruptRecord",
    )
    assert "The stored attempt of this job is 'many'" in last["detail"]["message"]


def test_damaged_rows_of_a_dead_worker_do_not_keep_its_other_jobs(shop: Shop) -> None:
    from ergate.brokers.broker import Broker
    from ergate.brokers.opening import open_broker
    from ergate.jobs.events import RecoveryPolicy

    shop.fund()
    damaged, healthy = shop.order(), shop.order()
    broker = open_broker("sqlite", None)
    assert isinstance(broker, Broker)
    with closing(broker):
        broker.store.claim_ready(["default"], 2, "dead worker")
        shop.damage(damaged, "attempt", "'many'")
        swept = broker.store.sweep(RecoveryPolicy())
    assert (swept.failed, swept.recovered) == (1, 1)
    shop.work()
    assert shop.job(healthy).status is JobStatus.COMPLETED
