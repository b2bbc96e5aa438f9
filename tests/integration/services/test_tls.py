"""A service under TLS proves its name, although the connection goes to a checked address."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.failures import ServiceFailure, ServiceTimeout, ServiceUnavailable
from ergate.services.limits import CallLimits
from ergate.services.replies import Reply
from tests.integration.services.certificates import Authority
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, Request, looping, serving

CALL = CallId("order-7", 3)
DATA = {"message": "x"}
LIMITS = CallLimits(connect_s=2, total_s=3)
LOOPBACK = AllowList.parse(["loopback"])


def answer(connection: Connection, request: Request) -> None:
    connection.answer(request.data)


ECHO = looping(answer)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


def calling(ca_file: Path | None) -> Caller:
    """A caller to whom every name is this machine."""
    return Caller(
        allowed=LOOPBACK, limits=LIMITS, ca_file=ca_file, resolver=lambda *_: ["127.0.0.1"]
    )


def failure_of(caller: Caller, upper: MakeService, address: str) -> ServiceFailure:
    with pytest.raises(ServiceFailure) as failed:
        caller.call(upper(address), DATA, CALL)
    return failed.value


def test_the_certificate_is_that_of_the_name_and_the_name_is_told_to_the_server(
    authority: Authority, upper: MakeService
) -> None:
    context = authority.context("DNS:upper.test")
    told: list[str | None] = []

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        told.append(name)

    context.sni_callback = note
    with serving(ECHO, context) as peer, calling(authority.file) as caller:
        service = upper(f"https://upper.test:{peer.port}/")
        replies = [caller.call(service, DATA, CALL) for _ in range(3)]
    assert [isinstance(reply, Reply) for reply in replies] == [True, True, True]
    assert told == ["upper.test"]
    assert peer.accepted == 1
    assert peer.requests[0].headers["host"] == f"upper.test:{peer.port}"


def test_a_certificate_may_be_that_of_an_address(authority: Authority, upper: MakeService) -> None:
    with (
        serving(ECHO, authority.context("IP:127.0.0.1")) as peer,
        calling(authority.file) as caller,
    ):
        assert isinstance(caller.call(upper(peer.url), DATA, CALL), Reply)


def test_a_certificate_of_another_name_is_refused(authority: Authority, upper: MakeService) -> None:
    with (
        serving(ECHO, authority.context("DNS:evil.test")) as peer,
        calling(authority.file) as caller,
    ):
        failure = failure_of(caller, upper, f"https://upper.test:{peer.port}/")
    assert isinstance(failure, ServiceUnavailable)
    assert "its certificate is refused: Hostname mismatch" in str(failure)
    assert peer.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    authority: Authority, upper: MakeService
) -> None:
    with serving(ECHO, authority.context("DNS:upper.test")) as peer, calling(None) as caller:
        failure = failure_of(caller, upper, f"https://upper.test:{peer.port}/")
    assert isinstance(failure, ServiceUnavailable)
    assert "its certificate is refused" in str(failure)
    assert peer.requests == []


def test_a_certificate_that_has_ended_is_refused(authority: Authority, upper: MakeService) -> None:
    context = authority.context("DNS:old.test", days=-1)
    with serving(ECHO, context) as peer, calling(authority.file) as caller:
        failure = failure_of(caller, upper, f"https://old.test:{peer.port}/")
    assert isinstance(failure, ServiceUnavailable)
    assert "its certificate is refused: certificate has expired" in str(failure)


def test_a_server_that_knows_no_tls(authority: Authority, upper: MakeService) -> None:
    def handle(connection: Connection) -> None:
        connection.raw.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(handle) as peer, calling(authority.file) as caller:
        failure = failure_of(caller, upper, f"https://upper.test:{peer.port}/")
    assert isinstance(failure, ServiceUnavailable)
    assert "no TLS connection" in str(failure)


def test_a_handshake_that_hangs_is_left(authority: Authority, upper: MakeService) -> None:
    def handle(connection: Connection) -> None:
        connection.peer.stopping.wait(30)

    with serving(handle) as peer, calling(authority.file) as caller:
        failure = failure_of(caller, upper, f"https://upper.test:{peer.port}/")
    assert isinstance(failure, ServiceUnavailable)
    assert "could not be connected to within 2 s" in str(failure)


def test_dripping_under_tls_ends_too(authority: Authority, upper: MakeService) -> None:
    def handle(connection: Connection) -> None:
        connection.request()
        connection.raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
        while not connection.peer.stopping.wait(0.02):
            connection.raw.sendall(b"x")

    with (
        serving(handle, authority.context("IP:127.0.0.1")) as peer,
        calling(authority.file) as caller,
        pytest.raises(ServiceTimeout, match=r"within 0\.5 s"),
    ):
        caller.call(upper(peer.url, timeout_s=0.5), DATA, CALL)


def test_a_reply_under_tls_that_is_cut_short_is_noticed(
    authority: Authority, upper: MakeService
) -> None:
    def handle(connection: Connection) -> None:
        connection.request()
        connection.raw.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"message": ')

    with (
        serving(handle, authority.context("IP:127.0.0.1")) as peer,
        calling(authority.file) as caller,
    ):
        failure = failure_of(caller, upper, peer.url)
    assert isinstance(failure, ServiceUnavailable)
    assert "closed the connection before its answer was whole" in str(failure)
