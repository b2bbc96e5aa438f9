"""Requests generated from the OpenAPI document, with the token and without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
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
from ergate.contracts.state_store import DeadLetter, JobFilter
from tests.api.conftest import BEARER, TOKEN, new_registry

pytestmark = pytest.mark.slow

EXAMPLES = 20
"""For each operation, with and without the token."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(params=["with the app", "without the app"])
def generating_api(request: pytest.FixtureRequest, broker: Broker) -> FastAPI:
    """Serve a store that holds something of everything."""
    known = new_registry() if request.param == "with the app" else None
    broker.store.bury([DeadLetter(id="a", queue="q", body=b"\xff", reason="nonsense", at=0.0)])
    security = Security(token=TOKEN, hosts=frozenset({"testserver"}))
    bounds = Bounds(event_wait_s=0.0, event_wait_most_s=0.0)
    return create_api(Place(broker=broker, registry=known), security, bounds)


def call_everything(api: FastAPI, headers: Mapping[str, str]) -> dict[int, int]:
    """Call every operation often; return how often each status came."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", api, headers=BEARER)
    statuses: dict[int, int] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path == "/api/v1/stream":
            continue  # it never ends

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def call(case: schemathesis.Case[Any]) -> None:
            # A session that is generated would be one more way in.
            case.cookies = {}
            answer = case.call(headers=dict(headers))
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            case.validate_response(answer, checks=CHECKS)

        call()
    return statuses


def test_no_generated_request_breaks_the_document(generating_api: FastAPI) -> None:
    statuses = call_everything(generating_api, BEARER)
    assert statuses[200] > 60
    assert sum(statuses.values()) > 200


def test_no_generated_request_changes_anything_without_the_token(
    generating_api: FastAPI, broker: Broker
) -> None:
    statuses = call_everything(generating_api, {})
    assert {status for status in statuses if status < 400} == {204}
    assert broker.store.list(JobFilter()) == []
    assert [letter.id for letter in broker.store.dead_letters()] == ["a"]
