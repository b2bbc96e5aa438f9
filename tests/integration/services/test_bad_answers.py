"""An answer that is none of ours is a bad reply, and never more than that."""

from __future__ import annotations

import pytest

from ergate.services.calling import Caller
from ergate.services.failures import (
    BadReply,
)
from ergate.services.replies import Reply
from tests.integration.services.conftest import MakeService
from tests.integration.services.misbehaviour import (
    CALL,
    DATA,
    body,
    failure_of,
    hang,
    replies,
    sends,
)
from tests.integration.services.peers import Connection, serving

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
