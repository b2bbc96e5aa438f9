"""What `ergate workers` shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.contracts.state_store import WorkerInfo
from tests.cli.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


def sign_in(worker_id: str, lease_s: float, limit: int = 0) -> None:
    """Let a worker renew its lease and claim up to `limit` jobs."""
    broker = open_broker("sqlite", None)
    assert isinstance(broker, Broker)
    info = WorkerInfo(
        worker_id=worker_id, host="h\x1b[1m", pid=7, started_at=1.0, queues=("a", "b")
    )
    with closing(broker):
        broker.store.heartbeat([info], lease_s)
        broker.store.claim_ready(["default"], limit, worker_id)


def test_without_workers_the_list_says_how_to_start_some(shop: Shop) -> None:
    assert "ergate run" in shop.run("workers", "list").stdout
    assert shop.json("workers", "list") == []


def test_a_worker_is_listed_with_its_lease_and_what_it_holds(shop: Shop) -> None:
    job_id = shop.order()
    sign_in("w1", lease_s=60, limit=1)
    (worker,) = shop.json("workers", "list")
    assert 0 < worker["lease_left_s"] <= 60
    assert {name: worker[name] for name in ("worker_id", "pid", "queues", "running")} == {
        "worker_id": "w1",
        "pid": 7,
        "queues": ["a", "b"],
        "running": [job_id],
    }
    line = shop.run("workers", "list").stdout.splitlines()[1]
    assert line.split()[:5] == ["w1", "59s", "left", "1", "7"]
    assert "h\\x1b[1m" in line


def test_a_lease_that_has_ended_is_told(shop: Shop) -> None:
    sign_in("w1", lease_s=-90)
    (worker,) = shop.json("workers", "list")
    assert worker["is_live"] is False
    assert "ended 1m30s ago" in shop.run("workers", "list").stdout
