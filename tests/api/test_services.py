"""Services over HTTP: with how they do, and asked whether they answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient

from ergate.api import service_health
from ergate.api.app import create_api
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.brokers.broker import Broker
from ergate.jobs.errors import JobError
from ergate.jobs.events import Advanced, Outcome, Retried, Settlement
from ergate.services.catalog import Catalog
from ergate.settings import Settings
from tests.api.conftest import BEARER
from tests.unit.services.definitions import example

SERVICES = "/api/v1/services"


def settle(broker: Broker, outcome: Outcome) -> None:
    (job,) = broker.claim(["default"], 1, 0.0, "worker-1")
    broker.settle([Settlement(job.id, "worker-1", job.revision, outcome)])


def test_a_service_is_registered_shown_listed_and_removed(client: TestClient) -> None:
    answer = client.post(SERVICES, json=example("service-upper"))
    assert (answer.status_code, answer.headers["location"]) == (201, f"{SERVICES}/upper")
    shown = client.get(f"{SERVICES}/{answer.json()['service_id']}").json()
    assert [shown] == client.get(SERVICES).json()
    assert shown["health"] == {
        "last_ping": None,
        "calls": 0,
        "failures": 0,
        "p50_s": None,
        "p95_s": None,
    }
    assert client.delete(f"{SERVICES}/upper").status_code == 204
    assert client.get(f"{SERVICES}/upper").status_code == 404
    assert client.get(SERVICES).json() == []


def test_the_newest_jobs_tell_how_a_service_does(
    walk: Catalog, broker: Broker, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_health, "FRESH_S", 0.0)
    for _ in range(2):
        client.post("/e/process-text", json={"message": "a"}, headers={"Prefer": "respond-async"})
    settle(broker, Advanced("{}", 1, "reverse", "default", 33.0))
    error = JobError(type="ServiceError", message="no", step_name="upper")
    settle(broker, Retried(error.to_json(), 0.0))
    health = client.get(f"{SERVICES}/upper").json()["health"]
    assert (health["calls"], health["failures"]) == (2, 1)
    assert 0.0 <= health["p50_s"] <= health["p95_s"]
    others = {one["name"]: one["health"]["calls"] for one in client.get(SERVICES).json()}
    assert others == {"reverse": 0, "space-counter": 0, "upper": 2}


class _Answers(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(405)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a service that knows no HEAD."""
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_service_is_asked_whether_it_answers_and_that_is_remembered(
    place: Place, security: Security, address: str
) -> None:
    allowing = replace(place, settings=Settings(allowed_services=["loopback"]))
    with TestClient(create_api(allowing, security), headers=BEARER) as client:
        client.post(SERVICES, json=example("service-upper") | {"address": address})
        pinged = client.post(f"{SERVICES}/upper/ping").json()
        assert (pinged["reached"], pinged["status"], pinged["error"]) == (True, 405, None)
        assert pinged["elapsed_s"] > 0
        assert client.get(f"{SERVICES}/upper").json()["health"]["last_ping"] == pinged


def test_a_service_that_may_not_be_called_is_not_asked(client: TestClient) -> None:
    client.post(SERVICES, json=example("service-upper"))
    pinged = client.post(f"{SERVICES}/upper/ping").json()
    assert (pinged["reached"], pinged["status"]) == (False, None)
    assert "upper" in pinged["error"]
    assert client.post(f"{SERVICES}/missing/ping").status_code == 404


@pytest.mark.parametrize(
    ("name", "document"),
    [("service", "service-upper"), ("definition", "workflow-order")],
)
def test_the_schemas_of_documents_are_there_for_editors(
    client: TestClient, name: str, document: str
) -> None:
    schema = client.get(f"/api/v1/schemas/{name}").json()
    assert jsonschema_rs.is_valid(schema, example(document))
    assert not jsonschema_rs.is_valid(schema, {"name": 1})
