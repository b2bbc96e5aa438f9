"""Every route has a decision about who may use it, and the OpenAPI document tells all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from ergate.api.answers import JsonAnswer
from ergate.api.app import create_api
from ergate.api.desk import Place
from ergate.api.guard import Access
from ergate.api.routing import GuardedRoute
from ergate.api.security import Security

PUBLIC = {
    ("GET", "/"),
    ("GET", "/static/{path:path}"),
    ("GET", "/healthcheck"),
    ("POST", "/api/v1/session"),
    ("DELETE", "/api/v1/session"),
}
SIGNED = {("POST", "/c/{name}"), ("POST", "/c/{name}/heartbeat")}
"""What whoever has the address may use."""


def routes(app: FastAPI) -> list[GuardedRoute]:
    found = []
    for route in app.routes:
        assert isinstance(route, GuardedRoute), f"{route} has no decision about its callers"
        found.append(route)
    return found


def test_every_route_declares_its_access(api: FastAPI) -> None:
    assert all(isinstance(route.access, Access) for route in routes(api))
    assert len(routes(api)) >= 20


def test_a_route_without_a_decision_cannot_be_made() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(KeyError):
        router.add_api_route("/open", lambda: JsonAnswer({}))


def test_only_these_routes_are_public(api: FastAPI) -> None:
    public = {
        (method, route.path)
        for route in routes(api)
        for method in route.methods or ()
        if route.access is Access.PUBLIC
    }
    assert public == PUBLIC


def test_every_change_needs_the_token_whatever_its_method(api: FastAPI) -> None:
    changes = {
        (method, route.path): route.access
        for route in routes(api)
        for method in route.methods or ()
        if method not in {"GET", "HEAD"}
    }
    open_changes = {key for key, access in changes.items() if access is not Access.WRITE}
    assert open_changes == SIGNED | {key for key in PUBLIC if key[0] != "GET"}
    assert {changes[key] for key in SIGNED} == {Access.CAPABILITY}


def test_nobody_gets_past_a_route_without_the_token(api: FastAPI, stranger: TestClient) -> None:
    for route in routes(api):
        for method in route.methods or ():
            if route.access is Access.PUBLIC:
                continue
            path = route.path_format.replace("{job_id}", "a").replace("{letter_id}", "a")
            answer = stranger.request(method, path.replace("{name}", "a"))
            wanted = 404 if route.access is Access.CAPABILITY else 401
            assert (answer.status_code, method, path) == (wanted, method, path)
            assert answer.headers["content-type"] == "application/problem+json"


def test_the_document_names_every_operation_and_every_error(api: FastAPI) -> None:
    operations = [
        (path, method, operation)
        for path, methods in api.openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations)
    for path, _, operation in operations:
        assert operation.get("summary")
        if path != "/healthcheck":
            errors = {code for code in operation["responses"] if code >= "400"}
            assert {"400", "403"} <= errors
            for code in errors:
                assert list(operation["responses"][code]["content"]) == ["application/problem+json"]


def test_two_apps_do_not_share_anything(place: Place, api: FastAPI) -> None:
    other = create_api(place, Security(token="another", hosts=frozenset({"testserver"})))
    with TestClient(other) as client:
        bearer = {"Authorization": "Bearer another"}
        assert client.get("/api/v1/jobs", headers=bearer).status_code == 200
    assert other.state.guard is not api.state.guard


def test_importing_ergate_imports_no_web_framework(project_root: Path) -> None:
    code = "import sys, ergate; print({'fastapi', 'uvicorn', 'starlette'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project_root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
