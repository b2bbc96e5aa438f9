"""A secret reaches the service that it is for, and nobody else sees it."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest

from ergate.jobs.errors import JobError
from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.callback import Callback
from ergate.services.calling import Caller
from ergate.services.credentials import Credentials
from ergate.services.exchange import EXCERPT_BYTES
from ergate.services.failures import CredentialRefused, ServiceFailure
from ergate.services.limits import CallLimits
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, Handle, Request, looping, serving

CALL = CallId("order-7", 3)
DATA = {"message": "x"}
CANARY = "canary-7f3a"
TABLES: Mapping[str, object] = {
    "bearer": {"type": "bearer", "token": CANARY, "hosts": ["127.0.0.1"]},
    "basic": {"type": "basic", "user": "ann", "password": CANARY, "hosts": ["127.0.0.1"]},
    "header": {"type": "header", "header": "X-Key", "value": f"Key {CANARY}", "hosts": ["*"]},
    "elsewhere": {"type": "bearer", "token": CANARY, "hosts": ["api.example.com"]},
}
ENCODED = base64.b64encode(f"ann:{CANARY}".encode()).decode()


@pytest.fixture
def caller() -> Iterator[Caller]:
    limits = CallLimits(connect_s=2, total_s=2)
    credentials = Credentials.read(TABLES)
    allowed = AllowList.parse(["loopback"])
    with Caller(allowed=allowed, limits=limits, credentials=credentials) as caller:
        yield caller


def answer(connection: Connection, request: Request) -> None:
    connection.answer(request.data)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("bearer", "authorization", f"Bearer {CANARY}"),
        ("basic", "authorization", f"Basic {ENCODED}"),
        ("header", "x-key", f"Key {CANARY}"),
    ],
)
def test_a_credential_goes_with_the_call(
    name: str, header: str, value: str, caller: Caller, upper: MakeService
) -> None:
    with serving(looping(answer)) as peer:
        caller.call(upper(peer.url, credential=name), DATA, CALL)
    assert peer.requests[0].headers[header] == value


def test_a_service_without_a_credential_gets_none(caller: Caller, upper: MakeService) -> None:
    with serving(looping(answer)) as peer:
        caller.call(upper(peer.url, credential="bearer"), DATA, CALL)
        caller.call(upper(peer.url), DATA, CALL)
    assert [("authorization" in request.headers) for request in peer.requests] == [True, False]


def test_a_credential_goes_to_no_host_that_it_is_not_for(
    caller: Caller, upper: MakeService
) -> None:
    with serving(looping(answer)) as peer, pytest.raises(CredentialRefused) as refused:
        caller.call(upper(peer.url, credential="elsewhere"), DATA, CALL)
    assert '"elsewhere" is not for the host 127.0.0.1' in str(refused.value)
    assert peer.accepted == 0


def test_a_credential_that_the_settings_lack_is_named(caller: Caller, upper: MakeService) -> None:
    with serving(looping(answer)) as peer, pytest.raises(CredentialRefused) as refused:
        caller.call(upper(peer.url, credential="baerer"), DATA, CALL)
    assert 'no credential "baerer"' in str(refused.value)
    assert 'Did you mean "bearer"?' in str(refused.value)
    assert peer.accepted == 0


def test_a_credential_without_tls_is_warned_of_once(
    caller: Caller, upper: MakeService, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(looping(answer)) as peer:
        for _ in range(3):
            caller.call(upper(peer.url, credential="bearer"), DATA, CALL)
    (record,) = [record for record in caplog.records if record.name == "ergate"]
    assert 'The credential "bearer" goes to 127.0.0.1 without TLS' in record.getMessage()


def echoing(spelt: str, status: str, kind: str) -> Handle:
    """Answer with every secret that came in, in one spelling."""

    def reply(connection: Connection, request: Request) -> None:
        got = request.headers.get("authorization", "") + request.headers.get("ergate-callback", "")
        text = {
            "as it is": got,
            "quoted": quote(got, safe=""),
            "base64": base64.b64encode(got.rpartition(" ")[2].encode()).decode(),
        }[spelt]
        # What is shown of a value ends in the middle of the first one.
        told = {"error": text, "message": f"{'x' * 46}{text}, {text}"}
        headers = {"location": f"https://h/?{text}", "x-echo": text, "content_type": kind}
        connection.answer(told, status=status, headers=headers)

    return looping(reply)


HOW = [
    ("401 Unauthorized", "application/json"),
    ("500 Oops", "text/plain"),
    ("302 Found", "application/json"),
    ("200 OK", "application/json"),
    ("200 OK", "text/html"),
]


@pytest.mark.parametrize(("status", "kind"), HOW, ids=range(5))
@pytest.mark.parametrize("spelt", ["as it is", "quoted", "base64"])
@pytest.mark.parametrize("name", ["bearer", "basic"])
def test_a_service_that_sends_a_secret_back_makes_nobody_see_it(
    name: str,
    spelt: str,
    status: str,
    kind: str,
    caller: Caller,
    upper: MakeService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    callback = Callback(f"https://ergate.example/callbacks/{CANARY}")
    outputs = [{"name": "message", "type": "int"}]
    with serving(echoing(spelt, status, kind)) as peer:
        service = upper(peer.url, credential=name, outputs=outputs)
        with pytest.raises(ServiceFailure) as failed:
            caller.call(service, DATA, CALL, callback=callback)
    shown = everything_shown(failed.value) + caplog.text
    assert CANARY[:6] not in shown
    assert ENCODED not in shown
    assert base64.b64encode(CANARY.encode()).decode().rstrip("=") not in shown


@pytest.mark.parametrize(
    "line",
    [b"Authorization Bearer %s", b"Bearer %s", b"HTTP/1.1 200 OK\r\nBearer %s: \x01"],
    ids=["header line", "token", "bad header"],
)
def test_a_service_that_answers_no_http_but_the_secret_makes_nobody_see_it(
    line: bytes, caller: Caller, upper: MakeService
) -> None:
    def handle(connection: Connection) -> None:
        connection.request()
        connection.raw.sendall(line % CANARY.encode() + b"\r\n\r\n")
        connection.peer.stopping.wait(30)

    with serving(handle) as peer, pytest.raises(ServiceFailure) as failed:
        caller.call(upper(peer.url, credential="bearer"), DATA, CALL)
    assert CANARY not in everything_shown(failed.value)


@pytest.mark.parametrize("body", [b"\xff%s", b'{"a": %s', b"[%s]"], ids=range(3))
def test_a_service_that_answers_no_json_but_the_secret_makes_nobody_see_it(
    body: bytes, caller: Caller, upper: MakeService
) -> None:
    def reply(connection: Connection, request: Request) -> None:
        connection.answer(body=body % CANARY.encode())

    with serving(looping(reply)) as peer, pytest.raises(ServiceFailure) as failed:
        caller.call(upper(peer.url, credential="bearer"), DATA, CALL)
    assert CANARY not in everything_shown(failed.value)
    assert failed.value.__context__ is None


def test_half_a_secret_where_reading_stopped_is_not_shown(
    caller: Caller, upper: MakeService
) -> None:
    half = b" " * (EXCERPT_BYTES - 6) + CANARY.encode()

    def reply(connection: Connection, request: Request) -> None:
        connection.answer(body=half, status="500 Oops", headers={"content_type": "text/plain"})

    with serving(looping(reply)) as peer, pytest.raises(ServiceFailure) as failed:
        caller.call(upper(peer.url, credential="bearer"), DATA, CALL)
    assert CANARY[:4] not in str(failed.value)


def test_not_even_a_log_of_everything_shows_a_secret(
    caller: Caller, upper: MakeService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(looping(answer)) as peer:
        caller.call(upper(f"{peer.url}?token={CANARY}", credential="bearer"), DATA, CALL)
        caller.call(upper(peer.url, credential="basic"), DATA, CALL)
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    assert CANARY not in caplog.text
    assert ENCODED not in caplog.text


def everything_shown(error: BaseException) -> str:
    """Return what a person may see of an error: its text, its repr, its traceback, its record."""
    lines = traceback.format_exception(error)
    record = JobError.from_exception(error, step_name="upper")
    chained = f"{error.__cause__!r} {error.__context__!r}"
    return "".join([str(error), repr(error), *lines, record.to_json(), chained])
