"""Queues, dead letters, workers and workflows over HTTP: the documents that --json prints."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

from fastapi.testclient import TestClient

from ergate.api.app import create_api
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.brokers.broker import Broker
from ergate.contracts.state_store import DeadLetter, WorkerInfo
from tests.api.conftest import BEARER

WORKER = WorkerInfo(
    worker_id="worker-1", host="here", pid=7, started_at=1.0, queues=("default",), concurrency=2
)


def test_a_queue_tells_what_waits(client: TestClient) -> None:
    client.post("/api/v1/jobs", json={"workflow": "order", "input": 1, "queue": "mails"})
    (queue,) = client.get("/api/v1/queues").json()
    assert (queue["queue"], queue["ready"], queue["running"]) == ("mails", 1, 0)


def test_what_waits_in_a_queue_is_cancelled_when_the_number_is_right(client: TestClient) -> None:
    for _ in range(2):
        client.post("/api/v1/jobs", json={"workflow": "order", "input": 1, "queue": "a/b"})
    purge = "/api/v1/queues/a%2Fb/purge"
    assert client.post(purge, json={"expected": 3}).status_code == 409
    assert client.get("/api/v1/counts").json()["counts"] == {"queued": 2}
    assert client.post(purge, json={"expected": 2}).json() == {"queue": "a/b", "cancelled": 2}
    assert client.post(purge).status_code == 404


def test_jobs_that_ended_long_ago_are_deleted(client: TestClient) -> None:
    client.post("/api/v1/jobs", json={"workflow": "order", "input": 1, "id": "order-1"})
    client.post("/api/v1/jobs/order-1/cancel")
    order = {"older_than_s": 0, "status": "cancelled"}
    prune = "/api/v1/prune"
    assert client.post(prune, json={"older_than_s": 3600}).json() == {"deleted": 0, "left": 0}
    assert client.post(prune, json=order | {"dry_run": True}).json() == {"deleted": 0, "left": 1}
    assert client.post(prune, json=order).json() == {"deleted": 1, "left": 0}
    assert client.get("/api/v1/jobs/order-1").status_code == 404
    assert client.post(prune, json=order | {"status": "queued"}).status_code == 422


def test_a_feed_is_listed_and_dropped(broker: Broker, client: TestClient) -> None:
    broker.store.feed("kafka://k1:9092/a", "me", 10, 30.0)
    (feed,) = client.get("/api/v1/feeds").json()
    assert (feed["name"], feed["is_read"], feed["waiting"]) == ("kafka://k1:9092/a", True, 0)
    name = quote(feed["name"], safe="")
    assert client.delete(f"/api/v1/feeds/{name}").status_code == 204
    assert client.delete(f"/api/v1/feeds/{name}").status_code == 404


def test_a_worker_tells_what_it_holds(broker: Broker, client: TestClient) -> None:
    broker.store.heartbeat([WORKER], 30.0)
    client.post("/api/v1/jobs", json={"workflow": "order", "input": 1, "id": "order-1"})
    broker.claim(["default"], 1, 0.0, "worker-1")
    (worker,) = client.get("/api/v1/workers").json()
    assert (worker["worker_id"], worker["is_live"], worker["running"]) == (
        "worker-1",
        True,
        ["order-1"],
    )


def letter(letter_id: str, body: bytes) -> DeadLetter:
    return DeadLetter(id=letter_id, queue="default", body=body, reason="nonsense", at=0.0)


def test_a_dead_letter_can_be_read_and_handed_in_again(broker: Broker, client: TestClient) -> None:
    message = json.dumps({"workflow_name": "order", "initial_input_value": 1}).encode()
    broker.store.bury([letter("good", message), letter("bad", b"\xff\x00")])
    assert len(client.get("/api/v1/dead-letters").json()) == 2
    assert client.get("/api/v1/dead-letters/bad").json()["body_base64"] == "/wA="
    assert client.post("/api/v1/dead-letters/bad/requeue").status_code == 409
    done = client.post("/api/v1/dead-letters/good/requeue").json()
    assert client.get(f"/api/v1/jobs/{done['job']}").json()["status"] == "queued"
    assert [one["id"] for one in client.get("/api/v1/dead-letters").json()] == ["bad"]


def test_a_workflow_tells_its_steps_ways_and_input(client: TestClient) -> None:
    (listed,) = client.get("/api/v1/workflows").json()
    shown = client.get("/api/v1/workflows/order").json()
    assert [step["name"] for step in listed["steps"]] == ["charge", "pack", "ship"]
    assert {"from": "charge", "to": "ship", "kind": "goto"} in shown["ways"]
    assert shown["input_schema"] == {"type": "integer"}


def test_without_an_app_jobs_are_taken_unchecked_and_no_workflow_is_known(
    place: Place, security: Security
) -> None:
    api = create_api(replace(place, registry=None), security)
    with TestClient(api, headers=BEARER) as client:
        assert client.get("/api/v1/workflows").json() == []
        assert client.get("/api/v1/workflows/order").status_code == 404
        assert client.post("/api/v1/jobs", json={"workflow": "any"}).status_code == 201
