"""Events over HTTP: sent, waited for, shown and cancelled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ergate.brokers.broker import Broker
from ergate.jobs.errors import JobError
from ergate.jobs.events import Advanced, Completed, Failed, Outcome, Settlement
from ergate.services.catalog import Catalog
from ergate.services.stored import id_of
from tests.unit.services.definitions import example

NOW = {"Prefer": "respond-async"}
DATA = {"message": "The Sun"}
ADDRESS = "/e/process-text"

pytestmark = pytest.mark.usefixtures("walk")


def send(client: TestClient, body: Any = None, **headers: str) -> Any:
    answer = client.post(ADDRESS, json=DATA if body is None else body, headers=NOW | headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def settle(broker: Broker, outcome: Outcome) -> None:
    (job,) = broker.claim(["default"], 1, 0.0, "worker-1")
    broker.settle([Settlement(job.id, "worker-1", job.revision, outcome)])


def test_an_event_is_a_job_of_the_version_that_is_registered(
    broker: Broker, client: TestClient, walk: Catalog
) -> None:
    event = send(client, example("event-text"))
    assert {"event_id", "ack_date", "status"} <= event.keys()
    assert "outputs" not in event
    job = broker.store.get(event["event_id"])
    assert job is not None
    assert json.loads(job.initial_input_value) == example("event-text")["data"]
    assert (job.workflow_name, job.step_name) == ("process-text", "upper")
    assert job.fingerprint == walk.workflow("process-text").version


def test_a_definition_registered_again_counts_for_the_next_event(
    broker: Broker, client: TestClient, walk: Catalog
) -> None:
    first = send(client)
    walk.register_workflow(example("workflow-process-text") | {"description": "changed"})
    second = send(client)
    versions = [broker.store.get(one["event_id"]) for one in (first, second)]
    assert len({one.fingerprint for one in versions if one is not None}) == 2


def test_a_bare_object_of_inputs_means_the_same_as_one_below_data(
    broker: Broker, client: TestClient
) -> None:
    ids = [send(client, body)["event_id"] for body in (DATA, {"data": DATA})]
    jobs = [broker.store.get(one) for one in ids]
    assert len({one.initial_input_value for one in jobs if one is not None}) == 1


def test_an_input_called_data_is_sent_below_data(client: TestClient, walk: Catalog) -> None:
    fields = [{"name": "data", "type": "string"}]
    walk.register_workflow(
        {"name": "w", "inputs": fields, "operations": [{"name": "a", "type": "pass"}]}
    )
    assert client.post("/e/w", json={"data": {"data": "x"}}, headers=NOW).status_code == 202
    assert client.post("/e/w", json={"data": "x"}, headers=NOW).status_code == 422


def test_a_workflow_is_named_by_its_id_too(client: TestClient) -> None:
    by_id = client.post(f"/e/{id_of('workflow', 'process-text')}", json=DATA, headers=NOW)
    assert (by_id.status_code, by_id.json()["workflow"]) == (202, "process-text")


def test_a_workflow_of_the_app_takes_an_event_whose_data_fit(client: TestClient) -> None:
    assert client.post("/e/order", json={"data": 7}, headers=NOW).status_code == 202
    answer = client.post("/e/order", json={"data": "seven"}, headers=NOW)
    assert (answer.status_code, len(answer.json()["faults"])) == (422, 1)


def test_data_that_do_not_fit_are_told_fault_by_fault(client: TestClient) -> None:
    answer = client.post(ADDRESS, json={"data": {"mesage": 1, "more": 2}})
    problem = answer.json()
    assert answer.status_code == 422
    assert len(problem["faults"]) == 3
    assert problem["faults"][0].startswith("message: is missing")
    wrong: tuple[Any, ...] = (
        [],
        "text",
        1,
        {"data": []},
        {"data": DATA, "more": 1},
        {"message": 1},
    )
    for body in wrong:
        assert client.post(ADDRESS, json=body).status_code == 422, body
    assert client.get("/e").json()["items"] == []


def test_an_unknown_workflow_is_not_found_and_the_nearest_is_named(client: TestClient) -> None:
    answer = client.post("/e/process-texts", json=DATA)
    assert (answer.status_code, 'mean "process-text"' in answer.json()["detail"]) == (404, True)


def test_a_name_that_no_workflow_can_have_is_told_so(client: TestClient) -> None:
    assert client.post(f"/e/{'a' * 161}", json=DATA).status_code == 422


# --- waiting --------------------------------------------------------------------------------------


def test_who_waits_long_enough_gets_the_outputs(broker: Broker, client: TestClient) -> None:
    key = {"Idempotency-Key": "once"}
    event = send(client, **key)
    settle(broker, Completed('{"message":"NUS EHT","space_count":1}'))
    answer = client.post(ADDRESS, json=DATA, headers=key)
    assert answer.status_code == 201
    assert answer.json()["event_id"] == event["event_id"]
    assert answer.json()["status"] == "completed"
    assert answer.json()["outputs"] == {"message": "NUS EHT", "space_count": 1}
    assert client.get(answer.headers["location"]).json() == answer.json()


def test_an_event_that_failed_was_accepted_and_tells_why(
    broker: Broker, client: TestClient
) -> None:
    send(client, **{"Idempotency-Key": "once"})
    error = JobError(type="BadReply", message="no", traceback="secret", step_name="upper")
    settle(broker, Failed(error.to_json()))
    answer = client.post(ADDRESS, json=DATA, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json()["status"]) == (201, "failed")
    assert answer.json()["error"] == {"name": "BadReply", "message": "no", "step": "upper"}
    assert "outputs" not in answer.json()


def test_an_event_that_takes_longer_is_answered_as_it_stands(client: TestClient) -> None:
    answer = client.post(ADDRESS, json=DATA, headers={"Prefer": "wait=0"})
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")
    assert answer.headers["preference-applied"] == "wait=0"
    assert answer.headers["location"] == f"/e/{answer.json()['event_id']}"


def test_who_asks_not_to_wait_does_not(client: TestClient) -> None:
    answer = client.post(ADDRESS, json=DATA, headers=NOW)
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    assert answer.headers["location"] == f"/e/{answer.json()['event_id']}"


# --- idempotency ----------------------------------------------------------------------------------


def test_the_same_key_is_the_same_event(client: TestClient) -> None:
    events = [send(client, **{"Idempotency-Key": key}) for key in ("a", "a", "b")]
    assert len({event["event_id"] for event in events}) == 2
    assert len(client.get("/e").json()["items"]) == 2


def test_a_key_that_was_used_for_other_data_is_refused(client: TestClient) -> None:
    send(client, **{"Idempotency-Key": "a"})
    answer = client.post(ADDRESS, json={"message": "other"}, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, "Idempotency-Key" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("key", ["", "a" * 256])
def test_a_key_must_be_a_short_text(client: TestClient, key: str) -> None:
    answer = client.post(ADDRESS, json=DATA, headers={"Idempotency-Key": key})
    assert (answer.status_code, "Idempotency-Key" in answer.json()["detail"]) == (422, True)


# --- afterwards -----------------------------------------------------------------------------------


def test_events_are_listed_and_paged_the_newest_first(client: TestClient) -> None:
    ids = [send(client)["event_id"] for _ in range(3)]
    page = client.get("/e", params={"limit": 2, "workflow": "process-text"}).json()
    assert [one["event_id"] for one in page["items"]] == [ids[2], ids[1]]
    rest = client.get("/e", params={"limit": 2, "offset": page["next_offset"]}).json()
    assert ([one["event_id"] for one in rest["items"]], rest["next_offset"]) == ([ids[0]], None)


def test_an_event_that_has_not_ended_is_cancelled(client: TestClient) -> None:
    event = send(client)
    for _ in range(2):
        assert client.delete(f"/e/{event['event_id']}").status_code == 204
    assert client.get(f"/e/{event['event_id']}").json()["status"] == "cancelled"


def test_an_event_that_runs_is_cancelled_when_its_step_ends(
    broker: Broker, client: TestClient
) -> None:
    event = send(client)
    (job,) = broker.claim(["default"], 1, 0.0, "worker-1")
    assert client.delete(f"/e/{event['event_id']}").status_code == 204
    assert client.get(f"/e/{event['event_id']}").json()["status"] == "cancelling"
    step = Advanced("{}", 1, "reverse", "default", 33.0)
    broker.settle([Settlement(job.id, "worker-1", job.revision, step)])
    assert client.get(f"/e/{event['event_id']}").json()["status"] == "cancelled"


def test_an_event_that_ended_stays_as_it_is(broker: Broker, client: TestClient) -> None:
    event = send(client)
    settle(broker, Completed("{}"))
    assert client.delete(f"/e/{event['event_id']}").status_code == 409
    assert client.get(f"/e/{event['event_id']}").json()["status"] == "completed"


def test_an_event_that_is_not_there_is_not_found(client: TestClient) -> None:
    for method in ("GET", "DELETE"):
        assert client.request(method, "/e/missing").status_code == 404
