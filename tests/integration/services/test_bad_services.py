"""Whatever a service does, a call ends in time, with a failure that has a name and names it."""

from __future__ import annotations

import gzip
import resource
import socket
import struct
import time

import pytest

from ergate.services.calling import Caller
from ergate.services.failures import (
    BadReply,
    ServiceError,
    ServiceTimeout,
    ServiceUnavailable,
)
from ergate.services.replies import Reply
from ergate.testing.servers.base import free_port
from tests.integration.services.conftest import MakeService
from tests.integration.services.misbehaviour import (
    CALL,
    DATA,
    MEGABYTE,
    TOTAL_S,
    body,
    drip,
    failure_at,
    failure_of,
    hang,
    hasty,
    sends,
)
from tests.integration.services.peers import Connection, Handle, Request, looping, serving

# --- it cannot be reached -------------------------------------------------------------------------


def test_a_service_that_is_down(caller: Caller, upper: MakeService) -> None:
    failure = failure_at(caller, upper, f"http://127.0.0.1:{free_port()}/")
    assert isinstance(failure, ServiceUnavailable)
    assert str(failure) == 'Service "upper" cannot be connected to: Connection refused.'
    assert failure.is_worth_a_retry


def test_a_service_that_takes_no_connections(upper: MakeService) -> None:
    """Its backlog is full, as when it hangs: the system drops what else comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, hasty() as caller:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            started = time.monotonic()
            failure = failure_at(caller, upper, f"http://127.0.0.1:{port}/")
    assert isinstance(failure, ServiceUnavailable)
    assert "could not be connected to within 0.5 s" in str(failure)
    assert time.monotonic() - started < TOTAL_S


def test_a_service_that_answers_500_twice_and_then_well(caller: Caller, upper: MakeService) -> None:
    def reply(connection: Connection, request: Request) -> None:
        if len(connection.peer.requests) <= 2:
            connection.answer({"error": "out of memory"}, status="500 Oops")
        else:
            connection.answer({"message": "THE SUN"})

    with serving(looping(reply)) as peer:
        for _ in range(2):
            failure = failure_at(caller, upper, peer.url)
            assert isinstance(failure, ServiceError)
            assert str(failure) == (
                'Service "upper" answered 500 Internal Server Error: out of memory.'
            )
            assert failure.is_worth_a_retry
        good = caller.call(upper(peer.url), DATA, CALL)
    assert isinstance(good, Reply)
    assert peer.accepted == 1


# --- it takes too long ----------------------------------------------------------------------------

SLOW = {
    "hangs": sends(then=hang),
    "hangs in its head": sends(b"HTTP/1.1 200 OK\r\nContent-Le", then=hang),
    "hangs in its body": sends(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"mess', then=hang),
    "drips a head": sends(b"HTTP/1.1 200 OK\r\n", then=drip(b"X")),
    "drips headers": sends(b"HTTP/1.1 200 OK\r\n", then=drip(b"X: y\r\n")),
    "drips a body": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", then=drip(b"x")),
    "drips chunks": sends(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", then=drip(b"1\r\nx\r\n")
    ),
    "drips until it closes": sends(b"HTTP/1.1 200 OK\r\n\r\n", then=drip(b" ")),
    "drips early hints": sends(then=drip(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
    "drips 100 Continue": sends(then=drip(b"HTTP/1.1 100 Continue\r\n\r\n")),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_service_that_takes_for_ever_is_left_after_the_total_time(
    name: str, upper: MakeService
) -> None:
    with hasty() as caller:
        started = time.monotonic()
        failure = failure_of(caller, upper, SLOW[name])
        took_s = time.monotonic() - started
    assert isinstance(failure, ServiceTimeout)
    assert str(failure) == 'Service "upper" gave no whole answer within 1 s.'
    assert TOTAL_S - 0.05 < took_s < TOTAL_S + 2


def test_a_service_that_falls_silent_is_left_before_the_total_time(upper: MakeService) -> None:
    with hasty(read_s=0.3, total_s=20) as caller:
        started = time.monotonic()
        failure = failure_of(caller, upper, SLOW["hangs in its body"])
    assert isinstance(failure, ServiceTimeout)
    assert str(failure) == 'Service "upper" was silent for 0.3 s.'
    assert time.monotonic() - started < 10


def test_a_service_that_does_not_read_what_it_is_sent(upper: MakeService) -> None:
    def handle(connection: Connection) -> None:
        connection.raw.recv(1)
        hang(connection)

    with hasty() as caller, serving(handle) as peer, pytest.raises(ServiceTimeout) as failed:
        caller.call(upper(peer.url), {"message": "x" * 16 * MEGABYTE}, CALL)
    assert "within 1 s" in str(failed.value)


def test_a_services_own_time_counts_before_that_of_the_settings(upper: MakeService) -> None:
    with serving(SLOW["hangs"]) as peer, hasty(total_s=60) as caller:
        with pytest.raises(ServiceTimeout, match=r"within 0\.2 s"):
            caller.call(upper(peer.url, timeout_s=0.2), DATA, CALL)
        with pytest.raises(ServiceTimeout, match=r"within 0\.1 s"):
            caller.call(upper(peer.url, timeout_s=0.2), DATA, CALL, timeout_s=0.1)


# --- it answers too much --------------------------------------------------------------------------


def flood(head: bytes, piece: bytes, times: int) -> Handle:
    def handle(connection: Connection) -> None:
        connection.request()
        connection.raw.sendall(head)
        for _ in range(times):
            connection.raw.sendall(piece)

    return handle


FIFTY_MB = 50 * MEGABYTE
LARGE = {
    "with its length": flood(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % FIFTY_MB, b" " * MEGABYTE, 50
    ),
    "in chunks": flood(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"%x\r\n%s\r\n" % (MEGABYTE, b" " * MEGABYTE),
        50,
    ),
    "until it closes": flood(b"HTTP/1.1 200 OK\r\n\r\n", b" " * MEGABYTE, 50),
}


@pytest.mark.parametrize("name", LARGE)
def test_fifty_megabytes_are_not_read(name: str, caller: Caller, upper: MakeService) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    failure = failure_of(caller, upper, LARGE[name])
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert isinstance(failure, BadReply)
    assert "at most 1,048,576 are taken" in str(failure)
    assert grown_mb < 25


def test_a_small_compressed_reply_is_not_unfolded(caller: Caller, upper: MakeService) -> None:
    bomb = gzip.compress(b'{"message": "' + b"x" * FIFTY_MB + b'"}')
    assert len(bomb) < 100_000
    failure = failure_of(caller, upper, body(bomb, content_encoding="gzip"))
    assert isinstance(failure, BadReply)
    assert str(failure) == (
        'Service "upper" answered 200 OK, compressed (gzip), which it was asked not to do.'
    )


@pytest.mark.parametrize(
    "handle",
    [
        sends(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2 * MEGABYTE + b"\r\n\r\n"),
        sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400_000 + b"\r\n"),
        sends(b"HTTP/1.1 " + b"2" * 2 * MEGABYTE),
    ],
    ids=["one header", "many headers", "status"],
)
def test_huge_headers_are_not_read(handle: Handle, caller: Caller, upper: MakeService) -> None:
    failure = failure_of(caller, upper, handle)
    assert isinstance(failure, BadReply)
    assert "answered something that is no HTTP" in str(failure)


def test_a_huge_trailer_is_not_read(caller: Caller, upper: MakeService) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    failure = failure_of(caller, upper, sends(chunked + b"X: " + b"y" * 2 * MEGABYTE))
    assert isinstance(failure, BadReply)


# --- it breaks off --------------------------------------------------------------------------------


def reset(connection: Connection) -> None:
    connection.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    "handle",
    [
        sends(),
        lambda connection: None,
        sends(b"HTTP/1.1 200"),
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
        sends(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"message": "THE'),
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"),
        sends(then=reset),
        sends(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"message', then=reset),
    ],
    ids=range(8),
)
def test_a_service_that_closes_early(handle: Handle, caller: Caller, upper: MakeService) -> None:
    failure = failure_of(caller, upper, handle)
    assert isinstance(failure, ServiceUnavailable)
    assert ("closed the connection" in str(failure)) or ("broke off" in str(failure))


def test_a_call_on_a_new_connection_is_made_once(caller: Caller, upper: MakeService) -> None:
    with serving(sends()) as peer:
        failure_at(caller, upper, peer.url)
    assert (peer.accepted, len(peer.requests)) == (1, 1)


def test_an_answer_that_began_is_not_asked_for_again(caller: Caller, upper: MakeService) -> None:
    """The second call goes over the first one's connection, and gets half an answer."""

    def handle(connection: Connection) -> None:
        connection.request()
        connection.answer({"message": "x"})
        connection.request()
        connection.raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")

    with serving(handle) as peer:
        caller.call(upper(peer.url), DATA, CALL)
        assert isinstance(failure_at(caller, upper, peer.url), ServiceUnavailable)
    assert (peer.accepted, len(peer.requests)) == (1, 2)
