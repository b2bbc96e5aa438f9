"""Whatever a service does, a call ends in time, with a failure that has a name and names it."""

from __future__ import annotations

import gzip
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.failures import (
    AddressRefused,
    BadReply,
    ServiceError,
    ServiceFailure,
    ServiceMoved,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnavailable,
)
from ergate.services.limits import CallLimits
from ergate.services.replies import Reply
from ergate.services.secrets import LONGEST_MESSAGE
from ergate.testing.servers.base import free_port
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, Handle, Request, looping, serving

CALL = CallId("order-7", 3)
DATA = {"message": "the sun"}
LOOPBACK = AllowList.parse(["loopback"])
TOTAL_S = 1.0
MEGABYTE = 1024 * 1024


@contextmanager
def hasty(**limits: float) -> Iterator[Caller]:
    """A caller with little time."""
    all_limits = CallLimits(**{"connect_s": 0.5, "total_s": TOTAL_S, **limits})  # type: ignore[arg-type]  # floats only
    with Caller(allowed=LOOPBACK, limits=all_limits) as caller:
        yield caller


def failure_of(caller: Caller, upper: MakeService, handle: Handle) -> ServiceFailure:
    """Call a service that behaves like `handle`, and return what the call ends with."""
    with serving(handle) as peer:
        return failure_at(caller, upper, peer.url)


def failure_at(caller: Caller, upper: MakeService, address: str) -> ServiceFailure:
    with pytest.raises(ServiceFailure) as failed:
        caller.call(upper(address), DATA, CALL)
    message = str(failed.value)
    assert message.startswith('Service "upper" ')
    assert message.isprintable()
    assert len(message) <= LONGEST_MESSAGE
    return failed.value


def sends(*parts: bytes, then: Callable[[Connection], None] | None = None) -> Handle:
    """Take the request, send bytes as they are, do something, and close."""

    def handle(connection: Connection) -> None:
        connection.request()
        for part in parts:
            connection.raw.sendall(part)
        if then is not None:
            then(connection)

    return handle


def hang(connection: Connection) -> None:
    connection.peer.stopping.wait(30)


def drip(piece: bytes) -> Callable[[Connection], None]:
    def dripping(connection: Connection) -> None:
        while not connection.peer.stopping.wait(0.02):
            connection.raw.sendall(piece)

    return dripping


def replies(data: object = None, *, status: str = "200 OK", **headers: str) -> Handle:
    return looping(lambda connection, _: connection.answer(data, status=status, headers=headers))


def body(raw: bytes, *, status: str = "200 OK", **headers: str) -> Handle:
    return looping(
        lambda connection, _: connection.answer(status=status, body=raw, headers=headers)
    )


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


# --- it answers nonsense --------------------------------------------------------------------------

NONSENSE = {
    "no HTTP": (sends(b"\x00\x01\x02 garbage\r\n\r\n", then=hang), "no HTTP"),
    "echoes": (sends(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n", then=hang), "no HTTP"),
    "terminal escapes": (sends(b"\x1b[31mred\x1b[0m\r\n\r\n", then=hang), "no HTTP"),
    "two lengths": (
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", then=hang),
        "no HTTP",
    ),
    "a length of 5,000 digits": (
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}", then=hang),
        "no HTTP",
    ),
    "a length that fits no disk": (
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 19 + b"\r\n\r\n{}", then=hang),
        "9,999,999,999,999,999,999 bytes",
    ),
    "a chunk of 5,000 digits": (
        sends(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\n{}",
            then=hang,
        ),
        "no HTTP",
    ),
    "no JSON": (body(b"hello"), "no good JSON"),
    "half JSON": (body(b'{"message": '), "no good JSON"),
    "a page": (body(b"<html>", content_type="text/html; charset=utf-8"), "with text/html instead"),
    "JSON as text": (body(b'{"message": "x"}', content_type="text/plain"), "with text/plain"),
    "a list": (body(b"[1]"), "not an object"),
    "a text": (body(b'"x"'), "not an object"),
    "null": (body(b"null"), "not an object"),
    "nothing": (body(b""), "message: is missing"),
    "NaN": (body(b'{"message": NaN}'), "NaN is not a JSON value"),
    "infinity": (body(b'{"message": 1e999}'), "no good JSON"),
    "a surrogate": (body(b'{"message": "\\ud800"}'), "a lone surrogate"),
    "latin-1": (body('{"message": "é"}'.encode("latin-1")), "not UTF-8"),
    "UTF-16": (body('{"message": "x"}'.encode("utf-16")), "not UTF-8"),
    "a deep list": (body(b'{"message": ' + b"[" * 5000 + b"]" * 5000 + b"}"), "nested deeper"),
    "a huge number": (body(b'{"message": ' + b"9" * 5000 + b"}"), "no good JSON"),
    "the wrong type": (replies({"message": 7}), "message"),
    "another key": (replies({"mesage": "x"}), "message: is missing"),
    "null for a text": (replies({"message": None}), "message: is null"),
    "no content": (body(b"", status="204 No Content"), "message: is missing"),
    "304": (replies(status="304 Not Modified"), "answered 304 Not Modified"),
    "600": (replies({"message": "x"}, status="600 Odd"), "answered 600"),
    "101": (
        sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", then=hang),
        "no HTTP",
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_a_bad_reply(name: str, caller: Caller, upper: MakeService) -> None:
    handle, expected = NONSENSE[name]
    failure = failure_of(caller, upper, handle)
    assert isinstance(failure, BadReply), failure
    assert expected in str(failure)


def test_several_faults_of_one_reply_are_told_together(caller: Caller, upper: MakeService) -> None:
    outputs = [{"name": "message", "type": "string"}, {"name": "count", "type": "int"}]
    with serving(replies({"message": 1, "count": "1"})) as peer, pytest.raises(BadReply) as failed:
        caller.call(upper(peer.url, outputs=outputs), DATA, CALL)
    assert "message" in str(failed.value)
    assert "count" in str(failed.value)


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b'{"message": "x"}', "application/json; charset=utf-8"),
        (b'{"message": "x"}', "application/problem+json"),
        (b'{"message": "x"}', "Application/JSON"),
        (b'{"message": "x"}', ""),
        (b'\xef\xbb\xbf {"message": "x"}\r\n', "application/json"),
    ],
    ids=range(5),
)
def test_what_is_json_in_other_clothes_is_read(
    raw: bytes, content_type: str, caller: Caller, upper: MakeService
) -> None:
    with serving(body(raw, content_type=content_type)) as peer:
        reply = caller.call(upper(peer.url), DATA, CALL)
    assert isinstance(reply, Reply)
    assert reply.outputs == {"message": "x"}


# --- it says no -----------------------------------------------------------------------------------

STATUSES: dict[str, type[ServiceFailure]] = {
    "400 Bad Request": ServiceRefused,
    "401 Unauthorized": ServiceRefused,
    "404 Not Found": ServiceRefused,
    "408 Request Timeout": ServiceTimeout,
    "409 Conflict": ServiceRefused,
    "429 Too Many Requests": ServiceUnavailable,
    "451 Unavailable For Legal Reasons": ServiceRefused,
    "500 Internal Server Error": ServiceError,
    "501 Not Implemented": ServiceError,
    "502 Bad Gateway": ServiceUnavailable,
    "503 Service Unavailable": ServiceUnavailable,
    "504 Gateway Timeout": ServiceTimeout,
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_a_failure_with_a_name(status: str, caller: Caller, upper: MakeService) -> None:
    failure = failure_of(caller, upper, replies({}, status=status))
    assert type(failure) is STATUSES[status]
    assert failure.status == int(status[:3])
    assert f'Service "upper" answered {status}' in str(failure)


def test_the_words_for_a_status_are_not_the_services_own(
    caller: Caller, upper: MakeService
) -> None:
    failure = failure_of(caller, upper, replies({}, status="400 \x1b]0;owned\x07"))
    assert "owned" not in str(failure)


@pytest.mark.parametrize(
    "error",
    [
        {"error": "CardDeclined", "message": "no money"},
        {"error": {"name": "CardDeclined", "message": "no money"}},
    ],
    ids=["flat", "nested"],
)
@pytest.mark.parametrize("status", ["402 Payment Required", "500 Internal Server Error"])
def test_an_error_that_the_service_declares_has_its_own_name(
    error: object, status: str, caller: Caller, upper: MakeService
) -> None:
    with serving(replies(error, status=status)) as peer, pytest.raises(ServiceFailure) as failed:
        caller.call(upper(peer.url, errors=["CardDeclined"]), DATA, CALL)
    assert failed.value.names[0] == "CardDeclined"
    assert str(failed.value) == f'Service "upper" answered {status}: no money.'


def test_an_error_that_the_service_does_not_declare_has_not(
    caller: Caller, upper: MakeService
) -> None:
    failure = failure_of(caller, upper, replies({"error": "BadReply"}, status="500 Oops"))
    assert failure.names == ("ServiceError",)


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry_after": "30"}, 30.0),
        ({"retry_after": "999999999"}, 86400.0),
        (
            {
                "retry_after": "Wed, 21 Oct 2015 07:28:30 GMT",
                "date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            30.0,
        ),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-1"}, None),
        ({}, None),
    ],
    ids=range(6),
)
def test_a_service_may_ask_to_be_left_alone_for_a_while(
    headers: dict[str, str], expected_s: float | None, caller: Caller, upper: MakeService
) -> None:
    failure = failure_of(caller, upper, replies({}, status="503 Busy", **headers))
    assert failure.retry_after_s == expected_s


def test_a_long_refusal_is_shown_in_short(caller: Caller, upper: MakeService) -> None:
    text = "no " * 100_000
    failure = failure_of(caller, upper, replies({"error": text}, status="400 Bad Request"))
    assert isinstance(failure, ServiceRefused)
    assert len(str(failure)) < 300


def test_a_refusal_that_never_ends_is_still_a_refusal(upper: MakeService) -> None:
    """The status tells enough; the rest of the answer is not waited for longer than the call."""
    handle = sends(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\n{", then=hang)
    with hasty() as caller:
        failure = failure_of(caller, upper, handle)
    assert isinstance(failure, ServiceRefused)


# --- it points elsewhere --------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"])
def test_a_redirect_is_an_error_that_names_the_target(
    status: str, caller: Caller, upper: MakeService
) -> None:
    target = "http://169.254.169.254/latest/meta-data/"
    with serving(replies({"message": "x"}, status=status, location=target)) as peer:
        failure = failure_at(caller, upper, peer.url)
    assert isinstance(failure, ServiceMoved)
    assert f'points to "{target}". Redirects are not followed' in str(failure)
    assert not failure.is_worth_a_retry
    assert len(peer.requests) == 1


def test_a_redirect_to_itself_is_not_followed_either(caller: Caller, upper: MakeService) -> None:
    with serving(replies({}, status="307 Again", location="/")) as peer:
        assert isinstance(failure_at(caller, upper, peer.url), ServiceMoved)
    assert len(peer.requests) == 1


def test_the_target_of_a_redirect_is_shown_short_and_without_secrets(
    caller: Caller, upper: MakeService
) -> None:
    target = "https://ann:canary@h/?token=canary&" + "x" * 5000
    failure = failure_of(caller, upper, replies({}, status="302 Found", location=target))
    assert "canary" not in str(failure)


def test_an_address_that_is_none_is_not_called(caller: Caller, upper: MakeService) -> None:
    """Such as one that an older version let through."""
    service = upper("http://upper.test/").model_copy(update={"address": "http://0x7f.1/"})
    with pytest.raises(AddressRefused, match='"upper" is not called: its address has the host'):
        caller.call(service, DATA, CALL)


def test_a_second_answer_to_one_request_is_not_taken_for_that_to_the_next(
    caller: Caller, upper: MakeService
) -> None:
    """Every other connection answers its only request twice."""
    whole = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"message":"y"}'

    def handle(connection: Connection) -> None:
        request = connection.request()
        assert request is not None
        if connection.number % 2:
            connection.raw.sendall(whole + whole)
            connection.request()
        else:
            connection.answer(request.data)

    with serving(handle) as peer:
        service = upper(peer.url)
        answers = [caller.call(service, {"message": "x"}, CALL) for _ in range(40)]
    told = [answer.outputs["message"] for answer in answers if isinstance(answer, Reply)]
    assert told == ["y", "x"] * 20
    assert peer.accepted == 40
