"""Jobs over HTTP: listed, handed in, cancelled, restarted, one by one and in bulk."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from ergate.api.desk import Place
from ergate.brokers.broker import Broker
from ergate.documents.times import timestamp
from ergate.errors import BackendUnavailable

MISSING = "/api/v1/jobs/missing"


def enqueue(client: TestClient, status: int = 201, **order: Any) -> Any:
    answer = client.post("/api/v1/jobs", json={"workflow": "order", "input": 1} | order)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_job_that_is_handed_in_can_be_read_back(client: TestClient) -> None:
    job = enqueue(client, id="order-1", priority=3, context={"a": 1})
    assert (job["id"], job["status"], job["priority"]) == ("order-1", "queued", 3)
    assert client.get("/api/v1/jobs/order-1").json() == job
    events = [row["event"] for row in client.get("/api/v1/jobs/order-1/history").json()]
    assert events == ["submitted"]
    assert enqueue(client, id="order-1", priority=9) == job


def test_a_job_that_a_worker_holds_tells_since_when(client: TestClient, broker: Broker) -> None:
    enqueue(client, id="order-1")
    assert "claimed_at" not in client.get("/api/v1/jobs/order-1").json()
    (held,) = broker.store.claim_ready(["default"], 1, "worker-1")
    assert held.claimed_at is not None
    job = client.get("/api/v1/jobs/order-1").json()
    assert job["claimed_at"] == timestamp(held.claimed_at)


def test_a_job_can_wait_for_its_time(client: TestClient) -> None:
    assert enqueue(client, in_s=3600)["status"] == "scheduled"
    at = enqueue(client, at="2100-01-01T00:00:00+02:00")
    assert at["requested_start_time"] == "2099-12-31T22:00:00Z"


BAD_ORDERS = {
    "another type": {"input": "one"},
    "two starts": {"in_s": 1, "at": "2100-01-01T00:00:00Z"},
    "no zone": {"at": "2100-01-01T00:00:00"},
    "no year": {"at": "0001-01-01T00:00:00Z"},
    "the end of time": {"at": "9999-12-31T23:59:59Z"},
    "before now": {"in_s": -1},
    "for ever": {"in_s": 1e300},
    "unknown member": {"inptu": 1},
    "a long id": {"id": "a" * 161},
    "a long id in bytes": {"id": "é" * 100},
    "NUL in the id": {"id": "a\0"},
    "NUL in the queue": {"queue": "a\0"},
    "a surrogate in the id": {"id": "\ud800"},
    "a surrogate in the queue": {"queue": "\ud800"},
    "a surrogate in the context": {"context": "\ud800"},
    "a huge priority": {"priority": 10**30},
    "no queue": {"queue": ""},
}


@pytest.mark.parametrize("order", BAD_ORDERS.values(), ids=list(BAD_ORDERS))
def test_an_order_that_does_not_fit_is_told_what_does_not(
    client: TestClient, order: dict[str, Any]
) -> None:
    body = json.dumps({"workflow": "order", "input": 1} | order)
    answer = client.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["status"] == 422
    assert problem["detail"]
    assert problem["next_step"]
    assert client.get("/api/v1/jobs").json()["items"] == []


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a":' + b"1" * 5000 + b"}"])
def test_what_is_no_json_is_told_so(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["title"] == "The request cannot be read."


def test_infinity_is_no_input(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/jobs",
        content=b'{"workflow":"order","input":NaN}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422)


def test_the_limit_of_an_input_is_for_its_stored_form(place: Place, client: TestClient) -> None:
    text = "é" * 300_000  # 600 KB as it is stored, 1.8 MB with every character escaped
    object.__setattr__(place, "registry", None)
    assert enqueue(client, input=text)["initial_input_value"] == text
    problem = enqueue(client, 422, input=text * 2)
    assert "at most 1,048,576" in problem["detail"]


def test_an_unknown_workflow_is_not_found(client: TestClient) -> None:
    problem = enqueue(client, 404, workflow="ordr")
    assert "order" in problem["detail"]


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for method, path in (
        ("GET", MISSING),
        ("GET", f"{MISSING}/history"),
        ("POST", f"{MISSING}/cancel"),
        ("POST", f"{MISSING}/retry"),
        ("GET", "/api/v1/dead-letters/missing"),
        ("POST", "/api/v1/dead-letters/missing/requeue"),
        ("GET", "/api/v1/workflows/missing"),
        ("GET", "/api/v1/nowhere"),
    ):
        answer = client.request(method, path)
        assert (answer.status_code, path) == (404, path)
        assert answer.json()["status"] == 404


def test_jobs_are_paged_and_filtered(client: TestClient) -> None:
    for number in range(5):
        enqueue(client, id=f"job-{number}", queue="odd" if number % 2 else "even")
    first = client.get("/api/v1/jobs", params={"limit": 2}).json()
    rest = client.get("/api/v1/jobs", params={"limit": 9, "offset": first["next_offset"]}).json()
    ids = [job["id"] for job in first["items"] + rest["items"]]
    assert sorted(ids) == [f"job-{number}" for number in range(5)]
    assert rest["next_offset"] is None
    odd = client.get("/api/v1/jobs", params={"queue": "odd"}).json()["items"]
    assert {job["id"] for job in odd} == {"job-1", "job-3"}
    for none in ({"status": "failed"}, {"workflow": "other"}, {"since": "2100-01-01T00:00:00Z"}):
        assert client.get("/api/v1/jobs", params=none).json()["items"] == []
    counted = client.get("/api/v1/counts", params={"queue": "even", "since": "1h"}).json()
    assert counted == {"counts": {"queued": 3}, "total": 3}


def test_a_text_is_found_in_the_values_of_jobs(client: TestClient) -> None:
    for number in range(6):
        enqueue(client, id=f"job-{number}", context=f"Needle {number % 2}")
    found = client.get("/api/v1/jobs", params={"text": "needle 1", "limit": 2}).json()
    assert [job["id"] for job in found["items"]] == ["job-5", "job-3"]
    rest = client.get(
        "/api/v1/jobs", params={"text": "needle 1", "offset": found["next_offset"]}
    ).json()
    assert [job["id"] for job in rest["items"]] == ["job-1"]
    assert rest["next_offset"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=1e9",
        "offset=-1",
        "offset=99999999999999999999",
        "status=x",
        "since=yesterday",
        "since=0001-01-01T00:00:00Z",
        "text=",
        f"workflow={'a' * 300}",
    ],
)
def test_numbers_and_names_of_a_query_are_bounded(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/v1/jobs?{query}")
    assert answer.status_code == 422, answer.text


def test_a_nul_in_an_address_is_refused(client: TestClient) -> None:
    assert client.get("/api/v1/jobs/a%00b").status_code == 400
    assert client.get("/api/v1/jobs?queue=a%00b").status_code == 400


def test_a_cancelled_job_runs_again_from_a_step_with_another_input(client: TestClient) -> None:
    enqueue(client, id="order-1")
    assert client.post("/api/v1/jobs/order-1/cancel").json()["status"] == "cancelled"
    again = client.post("/api/v1/jobs/order-1/cancel")
    assert again.status_code == 409
    bad = client.post("/api/v1/jobs/order-1/retry", json={"input": "text"})
    assert bad.status_code == 422
    unreached = client.post("/api/v1/jobs/order-1/retry", json={"from_step": "ship"})
    assert unreached.status_code == 404
    edited = client.post("/api/v1/jobs/order-1/retry", json={"from_step": "charge", "input": 7})
    assert edited.status_code == 200, edited.text
    assert edited.json()["status"] == "queued"
    assert client.post("/api/v1/jobs/order-1/retry").status_code == 409
    assert client.post("/api/v1/jobs/order-1/cancel").status_code == 200
    assert client.post("/api/v1/jobs/order-1/retry").json()["status"] == "queued"


def test_an_order_about_many_names_those_that_stay(client: TestClient) -> None:
    enqueue(client, id="a")
    done = client.post("/api/v1/bulk/cancel", json={"ids": ["a", "b", "a"]}).json()
    assert done["done"] == ["a"]
    assert [one["id"] for one in done["problems"]] == ["b"]
    assert client.post("/api/v1/bulk/retry", json={"ids": ["a"]}).json()["done"] == ["a"]


def test_everything_that_matches_is_changed_only_with_the_right_number(
    client: TestClient,
) -> None:
    for number in range(4):
        enqueue(client, id=f"job-{number}", queue="odd" if number % 2 else "even")
    order: dict[str, Any] = {"matching": {"queue": "odd"}, "expected": 3}
    assert client.post("/api/v1/bulk/cancel", json=order).status_code == 409
    assert client.get("/api/v1/counts").json()["counts"] == {"queued": 4}
    done = client.post("/api/v1/bulk/cancel", json=order | {"expected": 2}).json()
    assert sorted(done["done"]) == ["job-1", "job-3"]
    # Those that have ended count no more.
    assert client.post("/api/v1/bulk/cancel", json=order | {"expected": 0}).json()["done"] == []
    back = client.post("/api/v1/bulk/retry", json={"matching": {}, "expected": 2}).json()
    assert sorted(back["done"]) == ["job-1", "job-3"]


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"ids": []},
        {"ids": ["a"] * 1001},
        {"ids": ["a"], "matching": {}},
        {"matching": {}},
        {"ids": ["a"], "expected": 1},
        {"matching": {"stauts": "failed"}, "expected": 1},
        {"matching": {}, "expected": 10_001},
    ],
    ids=["nothing", "no ids", "many ids", "both", "no number", "number", "typo", "too many"],
)
def test_an_order_about_many_must_be_clear(client: TestClient, order: dict[str, Any]) -> None:
    assert client.post("/api/v1/bulk/cancel", json=order).status_code == 422


HOSTILE = [
    "<script>alert(1)</script>",
    "\x1b]0;title\x07\x1b[2J",
    "\u202egnp.exe\u2066",
    "../../etc/passwd",
    "a/b?c#d",
    "'; DROP TABLE jobs; --",
    "${jndi:ldap://x}{{7*7}}",
    "\u2028\u2029\ufeff",
    "history",
    "\U0001f4a9",
    " ",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_come_back_as_text(place: Place, client: TestClient, text: str) -> None:
    object.__setattr__(place, "registry", None)
    job = enqueue(client, id=text, workflow=text, queue=text, input=text, context={text: text})
    answer = client.get("/api/v1/jobs", params={"text": text, "queue": text})
    assert answer.json()["items"] == [job]
    assert answer.text.isascii()
    assert not set("<>&\x1b") & set(answer.text)
    assert answer.headers["content-type"] == "application/json"
    assert client.get(f"/api/v1/jobs/{quote(text, safe='')}").json() == job
    assert client.get("/api/v1/queues").json()[0]["queue"] == text


def test_a_store_that_is_down_is_a_problem_and_no_traceback(
    broker: Broker, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_args: object, **_options: object) -> None:
        raise BackendUnavailable("The disk is gone.")

    for name in ("get", "list", "count", "queues", "workers", "history", "dead_letters", "submit"):
        monkeypatch.setattr(broker.store, name, down)
    for path in ("jobs", "jobs/a", "jobs/a/history", "counts", "queues", "workers", "dead-letters"):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, path) == (503, path)
        assert answer.json()["detail"] == "The disk is gone."
        assert answer.headers["retry-after"] == "2"
    enqueue(client, 503)
    assert client.get("/healthcheck").status_code == 204


def test_a_fault_of_our_own_tells_no_details(
    broker: Broker, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_args: object, **_options: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(broker.store, "queues", fault)
    answer = client.get("/api/v1/queues")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["status"] == 500
