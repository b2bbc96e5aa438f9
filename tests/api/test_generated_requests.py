"""Requests generated from the OpenAPI document, one by one and in chains, with and without token.

Together they are more than 5,000 calls: each test says how many it makes at least.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ergate.api.app import create_api
from ergate.api.bounds import Bounds
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.brokers.broker import Broker
from ergate.client import JsonValue, Wish
from ergate.contracts.state_store import DeadLetter
from tests.api.conftest import BEARER, TOKEN, new_registry
from tests.unit.services.definitions import example

# Thousands of calls: on a busy machine they need longer than other tests may.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EXAMPLES = 20
"""For each operation and test."""
LEAST_CALLS = 900
"""In each of the four tests of single requests."""
CHAINS, STEPS = 35, 20
LEAST_STEPS = 400
"""In each of the two tests of chains; a step is two calls."""
ENDLESS = "/api/v1/stream"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
HYPOTHESIS = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=["with the app", "without the app"])
def generating_api(request: pytest.FixtureRequest, broker: Broker) -> FastAPI:
    """Serve a store that holds something of everything."""
    known = new_registry() if request.param == "with the app" else None
    place = Place(broker=broker, registry=known)
    fill(place)
    security = Security(token=TOKEN, hosts=frozenset({"testserver"}))
    bounds = Bounds(event_wait_s=0.0, event_wait_most_s=0.0)
    return create_api(place, security, bounds)


def fill(place: Place) -> None:
    """Put something of everything into the store."""
    for name in ("upper", "reverse", "space-counter"):
        place.catalog.register_service(example(f"service-{name}"))
    place.catalog.register_workflow(example("workflow-process-text"))
    for job_id in ("a", "b"):
        place.client.enqueue("process-text", JsonValue({"message": "x"}), Wish(id=job_id))
    place.broker.store.cancel("a")
    store = place.broker.store
    store.bury([DeadLetter(id="a", queue="q", body=b"\xff", reason="nonsense", at=0.0)])
    store.feed("kafka://k1:9092/jobs", "me", 1, 1.0)


def whole_content(directory: Path) -> list[str]:
    """Return all that is in the store, as SQL."""
    with closing(sqlite3.connect(directory / "jobs.db")) as database:
        return list(database.iterdump())


def document_of(api: FastAPI) -> Any:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", api, headers=BEARER)
    return schema.exclude(path=ENDLESS)


class Caller:
    """Makes calls with the token, or without; counts their statuses and checks every answer."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self.statuses: Counter[int] = Counter()

    def call(self, case: Case[Any]) -> Response:
        """Call with no other way in than the headers of this caller."""
        case.cookies = {}
        case.headers.pop("Authorization", None)
        answer = case.call(headers=dict(self.headers))
        self.statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)
        return answer


def call_everything(api: FastAPI, headers: Mapping[str, str]) -> Counter[int]:
    """Call every operation often; return how often each status came."""
    caller = Caller(headers)
    for result in document_of(api).get_all_operations():
        assert isinstance(result, Ok), result

        @settings(HYPOTHESIS, max_examples=EXAMPLES)
        @given(case=result.ok().as_strategy())
        def one(case: Case[Any]) -> None:
            caller.call(case)

        one()
    return caller.statuses


def test_no_generated_request_breaks_the_document(generating_api: FastAPI) -> None:
    statuses = call_everything(generating_api, BEARER)
    assert statuses.total() > LEAST_CALLS
    assert statuses[200] > 150
    assert statuses[201] > 10


def test_no_generated_request_changes_anything_without_the_token(
    generating_api: FastAPI, tmp_path: Path
) -> None:
    before = whole_content(tmp_path)
    statuses = call_everything(generating_api, {})
    assert statuses.total() > LEAST_CALLS
    # The health and signing out are for everybody; all else is refused.
    assert {status for status in statuses if status < 400} == {204}
    assert whole_content(tmp_path) == before


def test_chains_of_requests_keep_to_the_document_and_lead_nowhere_without_the_token(
    generating_api: FastAPI, tmp_path: Path
) -> None:
    """What the answer of one call leads to is called next: each time without the token first."""
    known, stranger = Caller(BEARER), Caller({})
    machine: type[APIStateMachine] = document_of(generating_api).as_state_machine()
    database = sqlite3.connect(tmp_path / "jobs.db", check_same_thread=False)

    def version() -> int:
        """Return a number that is another one after each commit of anybody else."""
        found: tuple[int] = database.execute("PRAGMA data_version").fetchone()
        return found[0]

    class Chains(machine):  # type: ignore[valid-type, misc]  # made of the document
        def call(self, case: Case[Any], **_: Any) -> Response:
            before = version()
            stranger.call(case)
            assert version() == before, case.as_curl_command()
            return known.call(case)

        def validate_response(self, response: Response, case: Case[Any], **_: Any) -> None:
            """Do nothing: the caller has looked at it."""

    with closing(database):
        Chains.run(settings=settings(HYPOTHESIS, max_examples=CHAINS, stateful_step_count=STEPS))
    assert known.statuses.total() == stranger.statuses.total() > LEAST_STEPS
    assert {status for status in stranger.statuses if status < 400} <= {204}
    assert sum(many for status, many in known.statuses.items() if status < 300) > 100
