"""What `ergate queues move` says, refuses and returns."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.events import Departed
from ergate.jobs.status import JobStatus
from tests.cli.shop import Shop, open_shop

THERE = "sqlite:///there.db"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


def broker(address: str = "sqlite") -> Broker:
    opened = open_broker(address, None)
    assert isinstance(opened, Broker)
    return opened


def beat(lease_s: float) -> None:
    info = WorkerInfo(worker_id="w-1", host="machine/boot/ns", pid=os.getpid(), started_at=1.0)
    with closing(broker()) as here:
        here.store.heartbeat([info], lease_s)


def test_everything_that_waits_moves_from_where_the_settings_say(shop: Shop) -> None:
    ready, later = shop.order(), shop.order(in_s=3600)
    done = shop.json("queues", "move", "--to", THERE, "--yes")
    assert done == {
        "from": "sqlite",
        "to": THERE,
        "ready": 1,
        "scheduled": 1,
        "retries": 0,
        "dead_letters": 0,
        "resumed": 0,
        "kept_out": [],
        "running": 0,
        "waiting": 0,
        "messages": 0,
    }
    with closing(broker(THERE)) as there:
        found = [there.store.get(job_id) for job_id in (ready, later)]
    assert [one and one.status for one in found] == [JobStatus.QUEUED, JobStatus.SCHEDULED]
    assert shop.json("queues", "list") == []


def test_people_are_told_in_a_sentence(shop: Shop) -> None:
    shop.order()
    told = shop.run("queues", "move", "--from", "sqlite", "--to", THERE, "--yes").stdout
    assert told == "1 jobs moved: 1 ready, 0 scheduled, 0 retries; and 0 dead letters.\n"


def test_moving_nothing_asks_nobody(shop: Shop) -> None:
    assert "0 jobs moved" in shop.run("queues", "move", "--to", THERE).stdout


def test_moving_needs_yes_where_nobody_can_be_asked(shop: Shop) -> None:
    job_id = shop.order()
    assert "--yes" in shop.run("queues", "move", "--to", THERE, code=2).stderr
    assert shop.job(job_id).status is JobStatus.QUEUED


def test_it_refuses_while_workers_run_and_names_them(shop: Shop) -> None:
    job_id = shop.order()
    beat(60.0)
    refused = shop.run("queues", "move", "--to", THERE, "--yes", code=2).stderr
    assert f"w-1 (pid {os.getpid()} on machine)" in refused
    assert "--while-running" in refused
    assert shop.job(job_id).status is JobStatus.QUEUED


def test_told_to_it_moves_while_workers_run_and_leaves_what_they_hold(shop: Shop) -> None:
    held, waiting = shop.order(), shop.order()
    beat(60.0)
    with closing(broker()) as here:
        (claimed,) = here.store.claim_ready(["default"], 1, "w-1")
    done = shop.run("queues", "move", "--to", THERE, "--yes", "--while-running")
    assert "1 jobs still run at sqlite" in done.stderr
    assert (claimed.id, shop.job(held).status) == (held, JobStatus.RUNNING)
    with closing(broker(THERE)) as there:
        assert there.store.get(waiting) is not None


def test_a_worker_whose_lease_has_ended_is_no_hindrance(shop: Shop) -> None:
    shop.order()
    beat(0.01)
    time.sleep(0.02)
    assert shop.json("queues", "move", "--to", THERE, "--yes")["ready"] == 1


@pytest.mark.parametrize("to", ["sqlite", "SQLite", "sqlite:///.ergate/ergate.db"])
def test_the_same_place_is_refused(shop: Shop, to: str) -> None:
    job_id = shop.order()
    assert "place" in shop.run("queues", "move", "--to", to, "--yes", code=2).stderr
    assert shop.job(job_id).status is JobStatus.QUEUED


def test_what_one_process_alone_can_see_is_refused(shop: Shop) -> None:
    assert "memory" in shop.run("queues", "move", "--to", "memory", code=2).stderr


def test_a_job_whose_id_is_taken_stays_and_the_exit_code_says_so(shop: Shop) -> None:
    job_id = shop.order(id="order-17")
    shop.run("queues", "move", "--to", THERE, "--yes")
    shop.order(id="order-17")
    told = shop.run("queues", "move", "--to", THERE, "--yes", code=1)
    assert "job order-17 stays" in told.stderr
    assert shop.job(job_id).status is JobStatus.QUEUED


def test_a_job_on_its_way_cannot_be_cancelled_and_its_history_says_where_it_goes(
    shop: Shop,
) -> None:
    job_id = shop.order()
    with closing(broker()) as here:
        here.store.depart(1, THERE)
    assert "on its way" in shop.run("jobs", "cancel", job_id, code=2).stderr
    rows = shop.json("jobs", "history", job_id)
    assert [(row["event"], row["detail"]) for row in rows][1:] == [("departed", THERE)]
    assert shop.json("jobs", "list", "--status", "pending")[0]["id"] == job_id


def test_an_interrupted_move_goes_on_and_says_what_it_found(shop: Shop) -> None:
    shop.order()
    with closing(broker()) as here:
        here.store.depart(1, THERE)
    refused = shop.run("queues", "move", "--to", "sqlite:///third.db", "--yes", code=2).stderr
    assert f"on their way to {THERE}" in refused
    told = shop.run("queues", "move", "--to", THERE, "--yes").stdout
    assert "1 of them had been left on their way." in told


def test_the_event_of_a_departure_is_one_that_people_can_read() -> None:
    assert Departed(THERE).destination == THERE
