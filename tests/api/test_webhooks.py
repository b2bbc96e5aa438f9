"""An event may name who is told of its end; both are accepted in one act, or neither."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ergate.api.desk import Place
from ergate.brokers.broker import Broker
from ergate.contracts.state_store import JobFilter
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.services.sealing import Sealer
from ergate.services.webhook import SigningKey
from ergate.services.webhooks import WEBHOOK, has_webhook, webhook_id
from ergate.settings import Settings

KEY = SigningKey(b"k" * 32)
URL = "https://shop.example/canary-path?token=canary-query"
NOW = {"Prefer": "respond-async"}
DATA = {"message": "The Sun"}

pytestmark = pytest.mark.usefixtures("walk")


@pytest.fixture
def keys() -> list[str]:
    return [KEY.text]


@pytest.fixture
def place(place: Place, keys: list[str]) -> Place:
    """A place that signs with the keys that a test gives."""
    return replace(place, settings=Settings(signing_keys=keys))


def send(client: TestClient, url: object = URL, **headers: str) -> Any:
    body = {"data": DATA, "callback_url": url}
    return client.post("/e/process-text", json=body, headers=NOW | headers)


def job(broker: Broker, job_id: str) -> JobRecord:
    record = broker.store.get(job_id)
    assert record is not None
    return record


def test_an_event_and_its_webhook_are_stored_together(broker: Broker, client: TestClient) -> None:
    event_id = send(client).json()["event_id"]
    event, webhook = job(broker, event_id), job(broker, webhook_id(event_id))
    assert json.loads(event.initial_input_value) == DATA
    assert has_webhook(event)
    assert (webhook.workflow_name, webhook.status) == (WEBHOOK, JobStatus.SCHEDULED)
    assert Sealer([KEY]).open(json.loads(webhook.initial_input_value)["sealed"]) == URL


def test_nothing_that_is_answered_shows_the_address(client: TestClient) -> None:
    event_id = send(client).json()["event_id"]
    paths = ("/e", f"/e/{event_id}", "/api/v1/jobs", f"/api/v1/jobs/{webhook_id(event_id)}",
             f"/api/v1/jobs/{webhook_id(event_id)}/history")  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "canary" not in answer.text
    found = client.get("/api/v1/jobs", params={"text": "canary"}).json()
    assert found["items"] == []


def test_the_same_key_again_is_one_event_with_one_webhook(
    broker: Broker, client: TestClient
) -> None:
    ids = {send(client, **{"Idempotency-Key": "once"}).json()["event_id"] for _ in range(2)}
    assert len(ids) == 1
    assert len(broker.store.list(JobFilter())) == 2


def test_without_one_nothing_is_added(broker: Broker, client: TestClient) -> None:
    assert send(client, None).status_code == 202
    (event,) = broker.store.list(JobFilter())
    assert event.user_context == "null"


@pytest.mark.parametrize("url", [5, "shop", "http://169.254.169.254/", "http://127.0.0.1/"])
def test_an_address_that_cannot_be_is_refused_with_its_event(
    broker: Broker, client: TestClient, url: object
) -> None:
    answer = send(client, url)
    assert (answer.status_code, "callback_url" in answer.json()["detail"]) == (422, True)
    assert broker.store.list(JobFilter()) == []


@pytest.mark.parametrize("keys", [[]])
def test_without_a_key_it_is_refused_with_the_way_to_make_one(
    broker: Broker, client: TestClient
) -> None:
    answer = send(client)
    assert answer.status_code == 409
    assert "openssl rand -base64 32" in answer.json()["detail"]
    assert broker.store.list(JobFilter()) == []


def test_cancelling_an_event_makes_its_webhook_due(broker: Broker, client: TestClient) -> None:
    ways = {
        "DELETE": "/e/{}",
        "POST": "/api/v1/jobs/{}/cancel",
    }
    for method, path in ways.items():
        event_id = send(client).json()["event_id"]
        assert client.request(method, path.format(event_id)).is_success
        assert job(broker, webhook_id(event_id)).status is JobStatus.QUEUED


def test_an_event_of_the_app_keeps_its_context(broker: Broker, client: TestClient) -> None:
    body = {"data": 7, "callback_url": URL}
    event_id = client.post("/e/order", json=body, headers=NOW).json()["event_id"]
    assert job(broker, event_id).user_context == "null"
    assert job(broker, webhook_id(event_id)).status is JobStatus.SCHEDULED


def test_both_travel_to_the_same_queue(broker: Broker, client: TestClient) -> None:
    event_id = send(client).json()["event_id"]
    assert job(broker, webhook_id(event_id)).queue == job(broker, event_id).home_queue
