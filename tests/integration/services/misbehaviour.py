"""Ways to behave badly, and how a call of a service that does so ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.failures import (
    ServiceFailure,
)
from ergate.services.limits import CallLimits
from ergate.services.secrets import LONGEST_MESSAGE
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, Handle, looping, serving

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
