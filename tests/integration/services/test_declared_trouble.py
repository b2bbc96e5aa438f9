"""Services that fail in every way, seen from the event: each ends as its policy says."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ergate.testing.fleet import eventually
from tests.integration.services.declaring import Crew, outcome
from tests.integration.services.misbehaviour import MEGABYTE, body, hang, replies, sends
from tests.integration.services.peers import Connection, Handle, Request, looping, serving

AGAIN = {"retry": [{"errors": ["*"], "attempts": 3, "interval_s": 0.1, "backoff": 1}]}
WHOLE = {"text": "cba"}


def keys_of(requests: list[Request]) -> set[str]:
    return {request.headers["idempotency-key"] for request in requests}


def applied(crew: Crew, event: str) -> int:
    """Return how often an outcome of the event's only step was applied."""
    rows = crew.scene.broker.store.history(event)
    return sum(row.event == "applied" for row in rows)


# --- a worker that dies ---------------------------------------------------------------------------


def test_a_call_that_a_dead_worker_began_is_repeated_under_its_key(crew: Crew) -> None:
    def once_too_late(connection: Connection) -> None:
        request = connection.request()
        if len(connection.peer.requests) == 1:
            hang(connection)
        elif request is not None:
            connection.answer(WHOLE)

    with serving(once_too_late) as peer:
        crew.declare("deadly", peer.url)
        event = crew.send("deadly")
        eventually("the call is under way", lambda: peer.requests)
        holder = crew.scene.job(event).worker_id
        (pid,) = (pid for pid, worker in crew.fleet.workers().items() if worker == holder)
        crew.fleet.hurt(pid, signal.SIGKILL)
        assert crew.end_of(event) == ("completed", WHOLE)
    assert len(peer.requests) == 2
    assert keys_of(peer.requests) == {f"{event}:0"}
    assert applied(crew, event) == 1


# --- a service that comes back --------------------------------------------------------------------


def test_a_service_that_is_down_for_a_while_is_waited_for(crew: Crew) -> None:
    with serving(replies(WHOLE)) as gone:
        address, port = gone.url, gone.port
    patient = {"errors": ["ServiceUnavailable"], "attempts": 50, "interval_s": 0.5, "backoff": 1}
    crew.declare("down", address, state={"retry": [patient]})
    event = crew.send("down")
    eventually("it was tried for a while", lambda: crew.scene.job(event).attempt >= 6)
    status, told = outcome(crew.scene.job(event))
    assert status in ("scheduled", "queued", "running")
    assert str(told).startswith('ServiceUnavailable: Service "down-er" cannot be connected to')
    with serving(replies(WHOLE), port=port) as back:
        assert crew.end_of(event) == ("completed", WHOLE)
    assert keys_of(back.requests) == {f"{event}:0"}
    assert applied(crew, event) == 1


def test_a_service_that_fails_twice_is_called_a_third_time(crew: Crew) -> None:
    def moody(connection: Connection, _: Request) -> None:
        is_good = len(connection.peer.requests) > 2
        connection.answer(WHOLE, status="200 OK" if is_good else "500 Internal Server Error")

    with serving(looping(moody)) as peer:
        crew.declare("moody", peer.url, state=AGAIN)
        event = crew.send("moody")
        assert crew.end_of(event) == ("completed", WHOLE)
    assert len(peer.requests) == 3
    assert keys_of(peer.requests) == {f"{event}:0"}


# --- a service that does not ----------------------------------------------------------------------


@dataclass(frozen=True)
class Trouble:
    """How a service behaves, and how its event ends."""

    handle: Handle
    ends: str
    """A pattern of the error; `WHO` stands for the service."""
    calls: int = 1
    """How often it is called before its policy gives up."""
    service: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=lambda: AGAIN)


def flood(connection: Connection) -> None:
    """Send 50 MB without saying so beforehand."""
    connection.request()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    connection.raw.sendall(head + b'{"text":"')
    for _ in range(50):
        connection.raw.sendall(b"x" * MEGABYTE)


def hang_on(connection: Connection) -> None:
    """Take the request, and never answer."""
    connection.request()
    hang(connection)


LONG = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
FAILS_ONCE: dict[str, Any] = {"retry": []}
TROUBLES = {
    "garbage": Trouble(
        sends(b"\x00\xffnothing that is HTTP\r\n\r\n"), "BadReply: WHO .*HTTP", calls=3
    ),
    "a page": Trouble(
        body(b"<html>", content_type="text/html"),
        "BadReply: WHO answered 200 OK with text/html instead of JSON",
        calls=3,
    ),
    "no json": Trouble(body(b"{"), "BadReply: WHO answered 200 OK with something", calls=3),
    "other outputs": Trouble(
        replies({"txt": "cba"}), "BadReply: WHO answered what it does not declare", calls=3
    ),
    "hanging": Trouble(
        hang_on,
        "ServiceTimeout: WHO .* 1 s",
        service={"timeout_s": 1},
        state=FAILS_ONCE,
    ),
    "fifty megabytes": Trouble(
        flood, "BadReply: WHO answered 200 OK with more, and at most", state=FAILS_ONCE
    ),
    "fifty megabytes announced": Trouble(
        sends(LONG.replace(b"100", b"50000000")),
        "BadReply: WHO answered 200 OK with 50,000,000 bytes, and at most",
        state=FAILS_ONCE,
    ),
    "a redirect to metadata": Trouble(
        replies(status="302 Found", location="http://169.254.169.254/latest/meta-data/"),
        'ServiceMoved: WHO answered 302 Found and points to "http://169.254.169.254/',
    ),
    "closing early": Trouble(sends(LONG + b'{"text":'), "ServiceUnavailable: WHO ", calls=3),
    "closing at once": Trouble(sends(), "ServiceUnavailable: WHO ", calls=3),
    "refusing": Trouble(
        replies({"error": {"message": "no"}}, status="400 Bad Request"),
        "ServiceRefused: WHO answered 400 Bad Request: no",
    ),
    "down for ever": Trouble(
        replies(status="503 Service Unavailable"),
        "ServiceUnavailable: WHO answered 503 Service Unavailable",
        calls=3,
    ),
}


@pytest.mark.parametrize("case", list(TROUBLES))
def test_it_ends_as_its_policy_says_and_names_the_service(crew: Crew, case: str) -> None:
    trouble = TROUBLES[case]
    name = f"w-{case.replace(' ', '-')}"
    with serving(trouble.handle) as peer:
        crew.declare(name, peer.url, state=trouble.state, **trouble.service)
        event = crew.send(name)
        status, told = crew.end_of(event)
    wanted = trouble.ends.replace("WHO", f'Service "{name}-er"')
    assert (status, bool(re.match(wanted, str(told)))) == ("failed", True), told
    assert len(peer.requests) == trouble.calls
    assert len(keys_of(peer.requests)) == 1


def test_a_service_at_a_metadata_address_is_never_called(crew: Crew) -> None:
    crew.declare("metadata", "http://169.254.169.254/latest/", state=AGAIN)
    event = crew.send("metadata")
    assert crew.end_of(event) == (
        "failed",
        (
            'AddressRefused: Service "metadata-er" is not called: 169.254.169.254 is a metadata, '
            "link-local or reserved address, which is never called."
        ),
    )
    assert crew.scene.job(event).attempt == 0
