"""What `ergate queues` shows and changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.contracts.state_store import DeadLetter
from ergate.jobs.status import JobStatus
from tests.cli.shop import Shop, open_shop

HOSTILE = "no \x1b]0;title\x07 \u202e job"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


def bury(letter_id: str, body: bytes, queue: str = "default") -> None:
    broker = open_broker("sqlite", None)
    assert isinstance(broker, Broker)
    with closing(broker):
        broker.store.bury([DeadLetter(id=letter_id, queue=queue, body=body, reason=HOSTILE, at=0)])


def test_the_list_counts_what_waits_and_what_runs(shop: Shop) -> None:
    shop.order()
    shop.order(in_s=3600)
    shop.order(queue="mails")
    counts = {
        one["queue"]: (one["ready"], one["scheduled"], one["running"])
        for one in shop.json("queues", "list")
    }
    assert counts == {"default": (1, 1, 0), "mails": (1, 0, 0)}
    assert "mails" in shop.run("queues", "list").stdout


def test_the_list_tells_how_long_the_oldest_job_has_waited(shop: Shop) -> None:
    shop.order()
    (stats,) = shop.json("queues", "list")
    assert stats["oldest_age_s"] >= 0
    assert stats["oldest_ready_at"] is not None


def test_purging_cancels_what_waits_in_one_queue(shop: Shop) -> None:
    kept, ready, later = shop.order(), shop.order(queue="mails"), shop.order(queue="mails", in_s=60)
    assert shop.json("queues", "purge", "mails", "--yes") == {"queue": "mails", "cancelled": 2}
    statuses = [shop.job(one).status for one in (kept, ready, later)]
    assert statuses == [JobStatus.QUEUED, JobStatus.CANCELLED, JobStatus.CANCELLED]


def test_purging_needs_yes_where_nobody_can_be_asked(shop: Shop) -> None:
    job_id = shop.order()
    assert "--yes" in shop.run("queues", "purge", "default", code=2).stderr
    assert shop.job(job_id).status is JobStatus.QUEUED


def test_purging_a_queue_without_jobs_ends_with_3_and_names_those_with_jobs(shop: Shop) -> None:
    shop.order()
    assert "default" in shop.run("queues", "purge", "defualt", "--yes", code=3).stderr


def test_dead_letters_are_listed_and_shown_harmlessly(shop: Shop) -> None:
    bury("one", b"\xff\x1b[2J not json")
    for words in (["list"], ["show", "one"], ["list", "--json"], ["show", "one", "--json"]):
        shown = shop.run("queues", "dead", *words).stdout
        assert [c for c in shown if not c.isprintable() and c != "\n"] == []
        assert "one" in shown
    letter = shop.json("queues", "dead", "show", "one")
    assert (letter["body"], letter["body_base64"]) == (None, "/xtbMkogbm90IGpzb24=")
    assert letter["reason"] == HOSTILE


def test_a_letter_that_is_a_job_by_now_is_handed_in_and_gone(shop: Shop) -> None:
    body = {"workflow_name": "order", "initial_input_value": 1}
    bury("5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e", json.dumps(body).encode(), "mails")
    done = shop.json("queues", "dead", "requeue", "5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e")
    assert done == {
        "requeued": [
            {
                "letter": "5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e",
                "job": "5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e",
            }
        ],
        "stayed": [],
    }
    assert shop.json("queues", "dead", "list") == []
    job = shop.job("5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e")
    assert (job.workflow_name, job.queue, job.status) == ("order", "mails", JobStatus.QUEUED)


def test_a_crash_between_handing_in_and_removing_makes_no_second_job(shop: Shop) -> None:
    bury("letter", json.dumps({"workflow_name": "order", "initial_input_value": 1}).encode())
    command = [str(Path(sys.executable).with_name("ergate")), "queues", "dead", "requeue", "letter"]
    environ = {**os.environ, "ERGATE_FAILPOINT": "after_submit"}
    killed = subprocess.run(command, env=environ, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert [letter["id"] for letter in shop.json("queues", "dead", "list")] == ["letter"]
    shop.run("queues", "dead", "requeue", "letter")
    assert [job["id"] for job in shop.json("jobs", "list")] == ["letter"]
    assert shop.json("queues", "dead", "list") == []


def test_a_letter_that_is_still_no_job_stays_with_the_reason(shop: Shop) -> None:
    bury("bad", b'{"workflow_name": 7}')
    bury("good", b'{"workflow_name": "order", "id": "mine"}')
    done = shop.run("queues", "dead", "requeue", "bad", "good", code=1)
    assert done.stdout == "good is job mine\n"
    assert "letter bad stays: The message is no job: workflow_name" in done.stderr
    assert [letter["id"] for letter in shop.json("queues", "dead", "list")] == ["bad"]


def test_a_ticket_goes_when_its_job_is_there_and_stays_when_it_is_not(shop: Shop) -> None:
    job_id = shop.order()
    ticket = {"v": 1, "job": job_id, "revision": 1, "queue": "default"}
    bury("known", json.dumps(ticket).encode())
    bury("lost", json.dumps(ticket | {"job": "nobody"}).encode())
    done = shop.run("queues", "dead", "requeue", "known", "lost", code=1)
    assert done.stdout == f"known is job {job_id}\n"
    assert [letter["id"] for letter in shop.json("queues", "dead", "list")] == ["lost"]


def test_an_unknown_letter_ends_with_3_before_anything_is_done(shop: Shop) -> None:
    bury("good", b'{"workflow_name": "order"}')
    shop.run("queues", "dead", "show", "nobody", code=3)
    shop.run("queues", "dead", "requeue", "good", "nobody", code=3)
    assert len(shop.json("queues", "dead", "list")) == 1
