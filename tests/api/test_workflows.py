"""Workflows over HTTP: those of the app beside those that were registered."""

from __future__ import annotations

from fastapi.testclient import TestClient

from ergate.brokers.broker import Broker
from ergate.jobs.errors import JobError
from ergate.jobs.events import Advanced, Failed, Outcome, Settlement
from ergate.services.catalog import Catalog
from tests.unit.services.definitions import example

WORKFLOWS = "/api/v1/workflows"
DATA = {"message": "The Sun"}


def settle(broker: Broker, outcome: Outcome) -> None:
    (job,) = broker.claim(["default"], 1, 0.0, "worker-1")
    broker.settle([Settlement(job.id, "worker-1", job.revision, outcome)])


def test_declared_workflows_are_listed_beside_those_of_the_app(
    walk: Catalog, client: TestClient
) -> None:
    own, declared = client.get(WORKFLOWS).json()
    assert (own["name"], own["declared"], own["created_at"]) == ("order", False, None)
    assert (declared["name"], declared["declared"]) == ("process-text", True)
    assert declared["version"] == walk.workflow("process-text").version
    assert [step["name"] for step in declared["steps"]] == ["upper", "reverse", "space-counter"]


def test_a_declared_workflow_shows_its_definition_its_services_and_its_versions(
    walk: Catalog, client: TestClient
) -> None:
    first = walk.workflow("process-text").version
    walk.register_workflow(example("workflow-process-text") | {"description": "changed"})
    shown = client.get(f"{WORKFLOWS}/process-text").json()
    assert shown["definition"]["description"] == "changed"
    assert [one["name"] for one in shown["services"]] == ["reverse", "space-counter", "upper"]
    assert [(one["version"] == first, one["is_current"]) for one in shown["versions"]] == [
        (False, True),
        (True, False),
    ]
    assert shown["version"] == shown["versions"][0]["version"]
    assert shown["input_schema"]["required"] == ["message"]
    assert {"from": "upper", "to": "reverse", "kind": "next"} in shown["ways"]


def test_a_workflow_is_shown_as_it_was_also_when_it_was_removed(
    walk: Catalog, client: TestClient
) -> None:
    first = walk.workflow("process-text").version
    walk.register_workflow(example("workflow-process-text") | {"description": "changed"})
    walk.remove_workflow("process-text")
    shown = client.get(f"{WORKFLOWS}/process-text", params={"version": first}).json()
    assert (shown["version"], shown["description"]) == (
        first,
        example("workflow-process-text").get("description", ""),
    )
    assert [one["is_current"] for one in shown["versions"]] == [False, False]
    assert client.get(f"{WORKFLOWS}/process-text").status_code == 404
    unknown = client.get(f"{WORKFLOWS}/process-text", params={"version": "0" * 64})
    assert unknown.status_code == 404


def test_a_workflow_of_our_own_is_shown_without_a_definition(client: TestClient) -> None:
    shown = client.get(f"{WORKFLOWS}/ergate.webhook").json()
    assert ("definition" in shown, shown["declared"]) == (False, False)


def test_a_workflow_is_registered_and_removed(walk: Catalog, client: TestClient) -> None:
    document = example("workflow-process-text") | {"name": "another"}
    answer = client.post(WORKFLOWS, json=document)
    assert (answer.status_code, answer.headers["location"]) == (201, f"{WORKFLOWS}/another")
    assert client.get(f"{WORKFLOWS}/another").status_code == 200
    assert client.delete(f"{WORKFLOWS}/another").status_code == 204
    assert client.get(f"{WORKFLOWS}/another").status_code == 404
    assert client.delete(f"{WORKFLOWS}/another").status_code == 404
    assert client.delete(f"{WORKFLOWS}/order").status_code == 404  # the app's own


def test_durations_tell_how_long_steps_took_and_how_often_they_failed(
    walk: Catalog, broker: Broker, client: TestClient
) -> None:
    for _ in range(2):
        client.post("/e/process-text", json=DATA, headers={"Prefer": "respond-async"})
    settle(broker, Advanced("{}", 1, "reverse", "default", 33.0))
    settle(broker, Failed(JobError(type="BadReply", message="no", step_name="upper").to_json()))
    found = client.get(f"{WORKFLOWS}/process-text/durations").json()
    assert (found["workflow"], found["jobs"]) == ("process-text", 2)
    upper, reverse, counter = found["steps"]
    assert (upper["step"], upper["runs"], upper["failures"]) == ("upper", 2, 1)
    assert 0.0 <= upper["p50_s"] <= upper["p95_s"]
    assert reverse | counter == {
        "step": "space-counter",
        "runs": 0,
        "failures": 0,
        "p50_s": None,
        "p95_s": None,
    }
    assert client.get(f"{WORKFLOWS}/missing/durations").status_code == 404
