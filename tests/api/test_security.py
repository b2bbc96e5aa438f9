"""Who may do what: method, token, Host, Origin and fetch metadata, one case in a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from ergate.api.app import create_api
from ergate.api.bodies import depth_of
from ergate.api.bounds import Bounds
from ergate.api.desk import Place
from ergate.api.security import Security, host_name
from ergate.api.sessions import COOKIE, Sessions
from ergate.contracts.state_store import JobFilter
from ergate.settings import Settings
from ergate.testing.clock import FakeClock
from tests.api.conftest import BEARER, TOKEN

LOCAL = ("127.0.0.1", 50000)
REMOTE = ("192.0.2.7", 50000)
JOB = {"workflow": "order", "input": 1}


def open_client(place: Place, security: Security, peer: tuple[str, int]) -> TestClient:
    app = create_api(place, security, Bounds(body_bytes=2000, body_depth=20))
    return TestClient(app, base_url="http://localhost", client=peer, raise_server_exceptions=False)


@pytest.fixture
def local(place: Place, security: Security) -> Iterator[TestClient]:
    with open_client(place, security, LOCAL) as client:
        yield client


SAME, CROSS = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}
SIBLING = {"Sec-Fetch-Site": "same-site"}
OWN, OTHER = {"Origin": "http://localhost"}, {"Origin": "http://evil.example"}
EVIL_HOST = {"Host": "evil.example"}
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
PROXIED = {"X-Forwarded-For": "192.0.2.7"}
WRONG = {"Authorization": "Bearer wrong"}

MATRIX = {
    # Method, peer, headers; and the status that they get.
    "read here": ("GET", LOCAL, {}, 200),
    "read from elsewhere": ("GET", REMOTE, {}, 401),
    "read from elsewhere with token": ("GET", REMOTE, BEARER, 200),
    "read from elsewhere with wrong token": ("GET", REMOTE, WRONG, 401),
    "read through a proxy": ("GET", LOCAL, PROXIED, 401),
    "read under a strange name": ("GET", LOCAL, EVIL_HOST, 400),
    "read under a strange name with token": ("GET", LOCAL, EVIL_HOST | BEARER, 400),
    "read under an allowed name": ("GET", LOCAL, {"Host": "testserver"}, 401),
    "read by a strange page": ("GET", LOCAL, CROSS, 403),
    "read by a page of a sibling": ("GET", LOCAL, SIBLING, 403),
    "read by a link from elsewhere": ("GET", LOCAL, CROSS | LINK, 200),
    "read in a frame elsewhere": ("GET", LOCAL, CROSS | LINK | {"Sec-Fetch-Dest": "iframe"}, 403),
    "read by an own page": ("GET", LOCAL, SAME, 200),
    "change here without token": ("POST", LOCAL, {}, 401),
    "change here with token": ("POST", LOCAL, BEARER, 201),
    "change with wrong token": ("POST", LOCAL, WRONG, 401),
    "change with half the token": ("POST", LOCAL, {"Authorization": f"Bearer {TOKEN[:9]}"}, 401),
    "change with another scheme": ("POST", LOCAL, {"Authorization": f"Basic {TOKEN}"}, 401),
    "change from elsewhere with token": ("POST", REMOTE, BEARER, 201),
    "change by an own page": ("POST", LOCAL, BEARER | SAME | OWN, 201),
    "change by a strange page with token": ("POST", LOCAL, BEARER | CROSS, 403),
    "change by a page of a sibling": ("POST", LOCAL, BEARER | SIBLING, 403),
    "change with strange origin": ("POST", LOCAL, BEARER | OTHER, 403),
    "change with no origin at all": ("POST", LOCAL, BEARER | {"Origin": "null"}, 403),
    "change with origin of another port": (
        "POST",
        LOCAL,
        BEARER | {"Origin": "http://localhost:1"},
        403,
    ),
    "change under a strange name": ("POST", LOCAL, BEARER | EVIL_HOST, 400),
    "delete by a strange page": ("DELETE", LOCAL, BEARER | CROSS, 403),
    "put by a strange page": ("PUT", LOCAL, BEARER | OTHER, 403),
    "patch by a strange page": ("PATCH", LOCAL, CROSS, 403),
    "preflight by a strange page": ("OPTIONS", LOCAL, OTHER | CROSS, 403),
    "a method of one's own by a strange page": ("BREW", LOCAL, CROSS, 403),
}


@pytest.mark.parametrize("case", MATRIX.values(), ids=list(MATRIX))
def test_the_matrix(
    place: Place, security: Security, case: tuple[str, tuple[str, int], dict[str, str], int]
) -> None:
    method, peer, headers, status = case
    with open_client(place, security, peer) as client:
        body = JOB if method == "POST" else None
        answer = client.request(method, "/api/v1/jobs", headers=headers, json=body)
    assert answer.status_code == status, answer.text
    assert len(place.broker.store.list(JobFilter())) == (1 if status == 201 else 0)
    assert TOKEN not in answer.text


def test_without_a_token_nothing_can_be_changed(place: Place) -> None:
    with open_client(place, Security(), LOCAL) as client:
        assert client.get("/api/v1/jobs").status_code == 200
        for header in ("", "Bearer", "Bearer ", "Bearer None"):
            answer = client.post("/api/v1/jobs", json=JOB, headers={"Authorization": header})
            assert answer.status_code == 403
        assert client.post("/api/v1/session", json={"token": "None"}).status_code == 401


def test_a_read_only_server_changes_nothing_even_with_the_token(
    place: Place, security: Security
) -> None:
    with open_client(place, replace(security, read_only=True), LOCAL) as client:
        assert client.post("/api/v1/jobs", json=JOB, headers=BEARER).status_code == 403
        assert client.get("/api/v1/jobs").json()["items"] == []


def test_the_health_check_needs_no_token_and_every_answer_has_its_headers(
    stranger: TestClient,
) -> None:
    for path, status in (("/healthcheck", 204), ("/api/v1/jobs", 401), ("/nowhere", 404)):
        answer = stranger.get(path)
        assert answer.status_code == status
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]


# --- sessions -------------------------------------------------------------------------------------


def test_a_session_lets_a_page_of_our_own_change_things(place: Place, security: Security) -> None:
    with open_client(place, security, REMOTE) as client:
        answer = client.post("/api/v1/session", json={"token": TOKEN})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert client.get("/api/v1/jobs").status_code == 200
        assert client.post("/api/v1/jobs", json=JOB).status_code == 401
        assert client.post("/api/v1/jobs", json=JOB, headers=SAME | OWN).status_code == 201
        assert client.post("/api/v1/jobs", json=JOB, headers=CROSS).status_code == 403
        client.delete("/api/v1/session")
        assert client.get("/api/v1/jobs").status_code == 401


def test_a_page_can_ask_what_it_may_do(place: Place, security: Security) -> None:
    def rights(asked: Security, headers: dict[str, str]) -> object:
        with open_client(place, asked, LOCAL) as client:
            return client.get("/api/v1/session", headers=headers).json()

    may = {"may_change": True, "has_token": True, "read_only": False}
    assert rights(security, BEARER) == may
    assert rights(security, {}) == may | {"may_change": False}
    assert rights(Security(), {}) == may | {"may_change": False, "has_token": False}
    shown = Security(token=TOKEN, read_only=True)
    assert rights(shown, BEARER) == may | {"may_change": False, "read_only": True}


def test_a_wrong_token_begins_no_session(local: TestClient) -> None:
    answer = local.post("/api/v1/session", json={"token": TOKEN + "x"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_session_ends_and_cannot_be_made_up(clock: FakeClock) -> None:
    sessions = Sessions(Security(token=TOKEN, session_s=60), clock)
    value = sessions.begin()
    assert sessions.is_valid(value)
    end, _, seal = value.partition(".")
    assert not sessions.is_valid(f"{int(end) + 1}.{seal}")
    assert not Sessions(Security(token="another"), clock).is_valid(value)
    assert not Sessions(Security(), clock).is_valid(value)
    for made_up in ("", ".", "9" * 99, f"{end}.", f"{end}.é", "é.é", f"-{end}.{seal}"):
        assert not sessions.is_valid(made_up)
    clock.advance(61)
    assert not sessions.is_valid(value)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_cookie_alone_from_a_strange_page_reads_nothing(local: TestClient) -> None:
    local.cookies.set(COOKIE, "9999999999.0")
    assert local.post("/api/v1/jobs", json=JOB, headers=SAME).status_code == 401


# --- bodies ---------------------------------------------------------------------------------------


def test_bodies_are_bounded_before_they_are_parsed(local: TestClient) -> None:
    send = local.post
    large = b'{"workflow":"' + b"a" * 3000 + b'"}'
    kind = {"Content-Type": "application/json"}
    assert send("/api/v1/jobs", content=large, headers=BEARER | kind).status_code == 413
    chunks = (b"[" for _ in range(3000))
    assert send("/api/v1/jobs", content=chunks, headers=BEARER | kind).status_code == 413
    deep = b"[" * 30 + b"]" * 30
    assert send("/api/v1/jobs", content=deep, headers=BEARER | kind).status_code == 422


@pytest.mark.parametrize(
    "length", ["-1", "1e3", "9" * 50, "5000"], ids=["negative", "float", "huge", "large"]
)
def test_a_declared_length_that_is_no_size_or_too_much_is_refused(
    local: TestClient, length: str
) -> None:
    headers = BEARER | {"Content-Type": "application/json", "Content-Length": length}
    assert local.post("/api/v1/jobs", content=b"{}", headers=headers).status_code == 413


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_only_json_is_read_as_json(local: TestClient, kind: str) -> None:
    headers = BEARER | {"Content-Type": kind}
    answer = local.post("/api/v1/jobs", content=b'{"workflow":"order"}', headers=headers)
    assert answer.status_code == 415


def test_brackets_in_texts_are_no_depth() -> None:
    assert depth_of(rb'{"a":"[[[\"[[["}') == 1
    assert depth_of(b'[{"a":[1]}]') == 3
    assert depth_of(b"]]]") == 0


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:80", "localhost"),
        ("LOCALHOST", "localhost"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("evil:localhost", ""),
        ("localhost:80@evil", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("settings", "host", "is_allowed"),
    [
        ({}, "localhost:8700", True),
        ({}, "ergate.example", False),
        ({"serve_host": "0.0.0.0"}, "0.0.0.0:8700", False),
        ({"serve_host": "fd00::7"}, "[fd00::7]:8700", True),
        ({"allowed_hosts": "Ergate.Example"}, "ergate.example:8700", True),
        ({"public_url": "https://ergate.example:8443/hooks"}, "ergate.example", True),
    ],
)
def test_the_settings_name_the_hosts_of_a_server(
    settings: dict[str, object], host: str, is_allowed: bool
) -> None:
    read = Settings.model_validate(settings)
    assert Security.of(read).allows_host(host) is is_allowed


def test_a_server_may_be_read_only_whatever_the_settings_say() -> None:
    assert not Security.of(Settings()).read_only
    assert Security.of(Settings(), read_only=True).read_only
    assert Security.of(Settings(read_only=True)).read_only
