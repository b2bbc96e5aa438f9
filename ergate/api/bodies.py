"""The body of a request: measured while it arrives, and looked at before anything parses it."""

from __future__ import annotations

import asyncio
import re

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from ergate.api.bounds import Bounds
from ergate.api.problems import Refused

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


async def read_body(headers: Headers, receive: Receive, bounds: Bounds) -> Receive:
    """Read a whole body and return what hands it on. Raises `Refused`."""
    try:
        async with asyncio.timeout(bounds.body_s):
            body = await _collect(headers, receive, bounds.body_bytes)
    except TimeoutError:
        raise Refused(408, f"The body took longer than {bounds.body_s:g} s.") from None
    if body:
        _check_content(headers, body, bounds.body_depth)
    return _replay(body, receive)


async def _collect(headers: Headers, receive: Receive, most: int) -> bytes:
    declared = headers.get("content-length", "0")
    # The length of the text first: a number of a million digits is work, too.
    if not declared.isdecimal() or len(declared) > 15 or int(declared) > most:  # noqa: PLR2004
        raise _too_large(most)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "The connection ended before the body did.")
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(most: int) -> Refused:
    return Refused(413, f"A body may have at most {most:,} bytes.")


def _check_content(headers: Headers, body: bytes, most: int) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    # Forms of other sites can send any type but this one.
    if kind != "application/json":
        raise Refused(415, "A body must be JSON and say so.")
    if depth_of(body) > most:
        raise Refused(422, f"The body is nested deeper than {most} levels.")


def depth_of(body: bytes) -> int:
    """Return how deep JSON is nested, without parsing it."""
    depth = deepest = 0
    for match in _TOKEN.finditer(body):
        mark = match.group()
        if mark in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark in (b"]", b"}"):
            depth -= 1
    return deepest


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()  # tells when the caller hangs up
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
