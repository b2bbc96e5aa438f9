"""Services tell the end of long work at an address that is all they need."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ergate.api import callbacks
from ergate.api.app import create_api
from ergate.api.callbacks import HiddenAddresses
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.brokers.broker import Broker
from ergate.errors import SettingsError
from ergate.jobs.events import Advanced, Deferred, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.services.callback import CallbackAddresses, WaitingPlace
from ergate.services.catalog import Catalog
from ergate.services.webhook import SigningKey
from ergate.settings import Settings
from tests.api.conftest import TOKEN
from tests.api.served import served

KEY = SigningKey(b"k" * 32)
SERVICE = {
    "name": "print",
    "address": "http://127.0.0.1:1/",
    "inputs": [{"name": "page", "type": "string"}],
    "outputs": [{"name": "sheets", "type": "int"}],
    "finishes_within_s": 3600,
    "heartbeat_s": 60,
}
WORKFLOW = {
    "name": "press",
    "services": ["print"],
    "inputs": [{"name": "page", "type": "string"}],
    "outputs": [{"name": "sheets", "type": "int"}],
}


@pytest.fixture
def place(broker: Broker) -> Place:
    catalog = Catalog(broker.store)
    catalog.register_service(SERVICE)
    catalog.register_workflow(WORKFLOW)
    settings = Settings(public_url="http://testserver", signing_keys=[KEY.text])
    return Place(broker=broker, settings=settings)


@pytest.fixture
def service(api: FastAPI) -> Iterator[TestClient]:
    """A client that knows nothing but the address."""
    with TestClient(api) as client:
        yield client


def hand_in(broker: Broker) -> JobRecord:
    broker.submit(
        [JobRecord(id="job/7", workflow_name="press", initial_input_value='{"page":"p"}')]
    )
    (claim,) = broker.claim(["default"], 1, 0, "w")
    return claim


def let_wait(broker: Broker, claim: JobRecord) -> None:
    """Do what a worker does when the service has answered 202."""
    version = Catalog(broker.store).workflow("press").version
    moved = Advanced('{"page":"p"}', 1, "print:answer", "default", 50.0, version)
    broker.settle([Settlement(claim.id, "w", claim.revision, Deferred(moved, 60.0))])


def path_of(claim: JobRecord, key: SigningKey = KEY) -> str:
    callback = CallbackAddresses("", [key]).offer(WaitingPlace(claim.id, claim.seq + 1))
    assert callback is not None
    return callback.url


@pytest.fixture
def path(broker: Broker) -> str:
    """Where the answer is waited for."""
    claim = hand_in(broker)
    let_wait(broker, claim)
    return path_of(claim)


def job(broker: Broker) -> JobRecord:
    record = broker.store.get("job/7")
    assert record is not None
    return record


def test_the_answer_is_taken_once(service: TestClient, path: str, broker: Broker) -> None:
    assert service.post(path, json={"sheets": 2}).status_code == 204
    assert job(broker).status is JobStatus.QUEUED
    assert json.loads(job(broker).input_json) == {
        "page": "p",
        ":answer": {"outputs": {"sheets": 2}},
    }
    again = service.post(path, json={"sheets": 3})
    assert (again.status_code, again.json()["detail"]) == (409, "An answer has been taken before.")
    assert service.post(f"{path}/heartbeat").status_code == 409


def test_what_is_not_declared_is_told_and_may_be_sent_again(service: TestClient, path: str) -> None:
    refused = service.post(path, json={"sheets": "many"})
    assert (refused.status_code, refused.json()["faults"]) == (
        422,
        ['sheets: must be int, not string "many".'],
    )
    for body in ("[]", "1", "null", ""):
        sent = service.post(path, content=body, headers={"Content-Type": "application/json"})
        assert sent.status_code == 422
    assert service.post(path, content="{").status_code == 415
    assert service.post(path, json={"sheets": 2}).status_code == 204


def test_an_error_is_an_answer(service: TestClient, path: str, broker: Broker) -> None:
    assert service.post(path, json={"error": {"message": "no paper"}}).status_code == 204
    answer = json.loads(job(broker).input_json)[":answer"]
    assert answer == {"error": {"name": None, "message": "no paper"}}


def test_a_heartbeat_lets_it_wait(service: TestClient, path: str, broker: Broker) -> None:
    before = job(broker)
    heard = service.post(f"{path}/heartbeat")
    assert heard.status_code == 200
    assert job(broker).due_at > before.due_at  # type: ignore[operator]  # both wait
    assert heard.json()["silent_until"].endswith("Z")
    assert job(broker).revision == before.revision


def test_who_has_another_address_gets_nothing(
    service: TestClient, path: str, broker: Broker
) -> None:
    forged = path_of(replace(job(broker), seq=0), SigningKey(b"x" * 32))
    for wrong in (forged, f"{path}x", path[:-1], "/c/a", "/c/..%2f", f"{forged}/heartbeat"):
        refused = service.post(wrong, json={"sheets": 2})
        assert (refused.status_code, wrong) == (404, wrong)
        assert path.removeprefix("/c/") not in refused.text
    assert job(broker).status is JobStatus.SCHEDULED


def test_the_address_is_good_for_nothing_else(service: TestClient, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert service.request(method, path).status_code == 405
    bearer = {"Authorization": f"Bearer {path.rpartition('/')[2]}"}
    assert service.get("/api/v1/jobs", headers=bearer).status_code == 401


def test_an_early_answer_waits_for_the_call_to_end(
    service: TestClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = hand_in(broker)

    async def meanwhile(_: float) -> None:
        let_wait(broker, claim)

    monkeypatch.setattr("ergate.api.callbacks.asyncio.sleep", meanwhile)
    assert service.post(path_of(claim), json={"sheets": 2}).status_code == 204


def test_one_that_is_far_too_early_may_come_again(
    service: TestClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "PAUSES_S", (0.0,))
    claim = hand_in(broker)
    early = service.post(path_of(claim), json={"sheets": 2})
    assert (early.status_code, early.headers["retry-after"]) == (503, "2")
    let_wait(broker, claim)
    assert service.post(path_of(claim), json={"sheets": 2}).status_code == 204


def test_after_the_end_it_is_too_late(service: TestClient, path: str, broker: Broker) -> None:
    broker.store.cancel("job/7")
    late = service.post(path, json={"sheets": 2})
    assert (late.status_code, late.json()["next_step"]) == (
        410,
        "Give up: this address will not be good again.",
    )


def test_a_read_only_server_takes_no_answer(place: Place, path: str) -> None:
    security = Security(token=TOKEN, hosts=frozenset({"testserver"}), read_only=True)
    with TestClient(create_api(place, security)) as client:
        assert client.post(path, json={"sheets": 2}).status_code == 403


def test_a_key_that_is_none_is_told_at_the_start(place: Place, security: Security) -> None:
    wrong = replace(place, settings=Settings(signing_keys=["nonsense"]))
    with pytest.raises(SettingsError, match="whsec_"):
        create_api(wrong, security)


def test_no_log_line_shows_an_address(
    api: FastAPI, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO),
        served(api) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        for wanted in (path, f"{path}/heartbeat", f"{path}x", path):
            client.post(wanted, json={"sheets": 2})
    ours = [record for record in caplog.records if record.name != "httpx"]  # the client's own
    lines = [record.getMessage() for record in ours if record.name == "uvicorn.access"]
    assert [line.split(" - ")[1] for line in lines] == [
        '"POST /c/*** HTTP/1.1" 204',
        '"POST /c/***/heartbeat HTTP/1.1" 409',
        '"POST /c/*** HTTP/1.1" 404',
        '"POST /c/*** HTTP/1.1" 409',
    ]
    assert not [one for one in ours if path.removeprefix("/c/") in one.getMessage()]


def test_a_filter_leaves_other_lines_alone() -> None:
    record = logging.LogRecord("a", 20, "", 0, "%s %s %d", ("/api/v1/jobs/c/x", "/c/x", 5), None)
    assert HiddenAddresses().filter(record)
    assert record.getMessage() == "/api/v1/jobs/c/*** /c/*** 5"
