"""Services and definitions at /s and /w: registered, shown, replaced and removed."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ergate.services.catalog import Catalog
from ergate.services.stored import id_of
from tests.unit.services.definitions import example

JSON = {"Content-Type": "application/json"}


def test_a_service_and_a_workflow_are_registered_and_acknowledged(client: TestClient) -> None:
    for name in ("upper", "reverse", "space-counter"):
        answer = client.post("/s", json=example(f"service-{name}"))
        assert (answer.status_code, answer.headers["location"]) == (201, f"/s/{name}")
        assert answer.json()["service_id"] == id_of("service", name)
        assert answer.json()["ack_date"].endswith("Z")
    answer = client.post("/w", json=example("workflow-process-text"))
    assert (answer.status_code, answer.headers["location"]) == (201, "/w/process-text")
    assert answer.json()["workflow_id"] == id_of("workflow", "process-text")
    assert answer.json()["ack_date"].endswith("Z")


def test_a_service_that_would_not_work_by_the_settings_is_registered_with_a_warning(
    client: TestClient,
) -> None:
    service = {"name": "slow", "address": "http://10.0.0.1/", "finishes_within_s": 60}
    answer = client.post("/s", json=service)
    assert answer.status_code == 201
    where, later = answer.json()["warnings"]
    assert where.startswith('By these settings "slow" would not be called. 10.0.0.1 is private')
    assert later.startswith('finishes_within_s of "slow" has no effect')
    fine = client.post("/s", json={"name": "fine", "address": "https://fine.example/"})
    assert fine.json()["warnings"] == []


def test_what_is_registered_is_shown_as_it_was_written_by_name_and_by_id(
    walk: Catalog, client: TestClient
) -> None:
    for kind, address, name in (("service", "/s", "upper"), ("workflow", "/w", "process-text")):
        shown = client.get(f"{address}/{name}").json()
        assert client.get(f"{address}/{id_of(kind, name)}").json() == shown  # type: ignore[arg-type]  # mypy takes the kinds for any text
        extra = {key: shown.pop(key) for key in ("id", "version", "created_at")}
        assert shown == example(f"{kind}-{name}")
        assert extra["id"] == id_of(kind, name)  # type: ignore[arg-type]  # the same
        assert len(extra["version"]) == 64
        assert {"name": name} in [{"name": one["name"]} for one in client.get(address).json()]


def test_a_definition_that_names_unregistered_services_lists_them_all(client: TestClient) -> None:
    answer = client.post("/w", json=example("workflow-process-text"))
    problem = answer.json()
    assert answer.status_code == 409
    assert len(problem["faults"]) == 3
    for name in ("upper", "reverse", "space-counter"):
        assert f'"{name}", which is not registered' in problem["detail"]
    assert client.get("/w").json() == []


@pytest.mark.parametrize(
    ("address", "document"),
    [
        ("/s", {"name": "a b", "address": "ftp://there", "inputs": [{}]}),
        ("/w", {"name": "a b", "services": ["none"], "inputs": [{}]}),
        ("/s", []),
        ("/w", 7),
        ("/s", "text"),
    ],
)
def test_what_cannot_be_used_is_refused_with_every_fault(
    client: TestClient, address: str, document: Any
) -> None:
    answer = client.post(address, json=document)
    assert answer.status_code == 409, answer.text
    assert len(answer.json()["faults"]) >= (3 if isinstance(document, dict) else 1)
    assert client.get(address).json() == []


@pytest.mark.parametrize("address", ["/s", "/w", "/e/order"])
def test_what_is_not_json_is_an_unsupported_type_and_nothing_is_a_bad_request(
    client: TestClient, address: str
) -> None:
    assert client.post(address, content="a=1").status_code == 415
    assert client.post(address, data={"a": "1"}).status_code == 415
    for body in (b"a=1", b"{", b"\xff", b"[NaN]", b'"\xed\xa0\x80"', b"[" + b"9" * 5000 + b"]"):
        assert client.post(address, content=body, headers=JSON).status_code == 415, body
    assert client.post(address).status_code == 400
    assert client.post(address, content=b"", headers=JSON).status_code == 400


def test_a_service_that_is_in_use_stays(walk: Catalog, client: TestClient) -> None:
    answer = client.delete("/s/upper")
    assert (answer.status_code, '"process-text"' in answer.json()["detail"]) == (409, True)
    changed = example("service-space-counter") | {"outputs": []}
    answer = client.post("/s", json=changed)
    assert (answer.status_code, '"process-text"' in answer.json()["detail"]) == (409, True)
    assert client.get("/s/upper").status_code == 200


def test_what_nobody_needs_can_be_removed(walk: Catalog, client: TestClient) -> None:
    assert client.delete("/w/process-text").status_code == 204
    assert client.delete(f"/s/{id_of('service', 'upper')}").status_code == 204
    for method, address in (("GET", "/w/process-text"), ("DELETE", "/s/upper")):
        answer = client.request(method, address)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_name_of_the_app_cannot_be_taken(client: TestClient) -> None:
    answer = client.post(
        "/w", json={"name": "order", "operations": [{"name": "a", "type": "pass"}]}
    )
    assert (answer.status_code, "of the app" in answer.json()["detail"]) == (409, True)
