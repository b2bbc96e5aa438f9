"""The address that was checked is the one that is connected to, whatever a resolver says next."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence

import pytest

from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.failures import AddressRefused, ServiceFailure, ServiceUnavailable
from ergate.services.limits import CallLimits
from ergate.services.replies import Reply
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, Handle, Request, looping, serving

CALL = CallId("order-7", 3)
DATA = {"message": "x"}
HASTY = CallLimits(connect_s=1, total_s=2)


def answer(connection: Connection, request: Request) -> None:
    connection.answer(request.data)


ECHO: Handle = looping(answer)


class FakeResolver:
    """Gives one answer after the other, the last one for ever, and counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def calling(resolver: FakeResolver, *entries: str) -> Caller:
    return Caller(allowed=AllowList.parse(entries), resolver=resolver, limits=HASTY)


def refusal_of(caller: Caller, upper: MakeService, address: str) -> ServiceFailure:
    with pytest.raises(ServiceFailure) as refused:
        caller.call(upper(address), DATA, CALL)
    return refused.value


def test_a_name_is_resolved_once_for_a_connection(upper: MakeService) -> None:
    """A resolver that answers 127.0.0.1 first and another address then gains nothing."""
    resolver = FakeResolver(["127.0.0.1"], ["169.254.169.254"])
    with serving(ECHO) as peer, calling(resolver, "loopback") as caller:
        service = upper(f"http://upper.test:{peer.port}/")
        replies = [caller.call(service, DATA, CALL) for _ in range(3)]
    assert [isinstance(reply, Reply) for reply in replies] == [True, True, True]
    assert resolver.asked == ["upper.test"]
    assert peer.requests[0].headers["host"] == f"upper.test:{peer.port}"


def test_the_second_answer_is_judged_like_the_first(upper: MakeService) -> None:
    resolver = FakeResolver(["127.0.0.1"], ["169.254.169.254"])
    with serving(ECHO) as peer, calling(resolver, "loopback") as caller:
        service = upper(f"http://upper.test:{peer.port}/")
        caller.call(service, DATA, CALL)
        caller.close()
        failure = refusal_of(caller, upper, service.address)
    assert isinstance(failure, AddressRefused)
    assert str(failure) == (
        'Service "upper" is not called: upper.test (169.254.169.254) is a metadata, link-local '
        "or reserved address, which is never called."
    )
    assert peer.accepted == 1


def test_a_rebound_name_reaches_nothing_on_this_machine(upper: MakeService) -> None:
    """The first answer is public, the second one is this machine: neither is connected to."""
    resolver = FakeResolver(["10.255.255.1"], ["127.0.0.1"])
    with serving(ECHO) as peer, calling(resolver, "public") as caller:
        for _ in range(2):
            failure = refusal_of(caller, upper, f"http://rebound.test:{peer.port}/")
            assert isinstance(failure, AddressRefused)
    assert peer.accepted == 0
    assert len(resolver.asked) == 2


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "fe80::1%1"]],
    ids=["last", "first", "scoped"],
)
def test_one_forbidden_answer_among_several_forbids_the_call(
    answers: list[str], upper: MakeService
) -> None:
    resolver = FakeResolver(answers)
    with serving(ECHO) as peer, calling(resolver, "loopback") as caller:
        failure = refusal_of(caller, upper, f"http://upper.test:{peer.port}/")
    assert isinstance(failure, AddressRefused)
    assert peer.accepted == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1.2.3", "[::7f00:1]"]
)
def test_this_machine_is_not_called_unless_it_is_listed(host: str, upper: MakeService) -> None:
    with serving(ECHO) as peer, Caller(limits=HASTY) as caller:
        failure = refusal_of(caller, upper, f"http://{host}:{peer.port}/")
    assert isinstance(failure, AddressRefused)
    assert "not on the list of the setting allowed_services" in str(failure)
    assert peer.accepted == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost"])
def test_this_machine_is_called_when_it_is_listed(host: str, upper: MakeService) -> None:
    with serving(ECHO) as peer, calling_for_real("loopback") as caller:
        reply = caller.call(upper(f"http://{host}:{peer.port}/"), DATA, CALL)
    assert isinstance(reply, Reply)


def calling_for_real(*entries: str) -> Caller:
    return Caller(allowed=AllowList.parse(entries), limits=HASTY)


def test_no_list_allows_metadata(upper: MakeService) -> None:
    with calling_for_real("0.0.0.0/0", "::/0", "public", "private") as caller:
        for host in ("169.254.169.254", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]", "0.0.0.0"):
            failure = refusal_of(caller, upper, f"http://{host}/latest/meta-data/")
            assert isinstance(failure, AddressRefused)
            assert "never called" in str(failure)


def test_the_next_address_is_tried_when_one_takes_no_connection(upper: MakeService) -> None:
    resolver = FakeResolver(["::1", "127.0.0.9", "127.0.0.1"])
    with serving(ECHO) as peer, calling(resolver, "loopback") as caller:
        reply = caller.call(upper(f"http://upper.test:{peer.port}/"), DATA, CALL)
    assert isinstance(reply, Reply)


def test_one_address_that_swallows_packets_leaves_time_for_the_next(upper: MakeService) -> None:
    """Its backlog is full, so the system drops what else comes."""
    with (
        serving(ECHO) as peer,
        socket.create_server(("127.0.0.9", peer.port), backlog=0),
        socket.create_connection(("127.0.0.9", peer.port)),
        calling(FakeResolver(["127.0.0.9", "127.0.0.1"]), "loopback") as caller,
    ):
        reply = caller.call(upper(f"http://upper.test:{peer.port}/"), DATA, CALL)
    assert isinstance(reply, Reply)


def test_a_host_that_nobody_knows(upper: MakeService) -> None:
    with calling_for_real("public") as caller:
        failure = refusal_of(caller, upper, "http://upper.invalid/")
    assert isinstance(failure, ServiceUnavailable)
    assert "cannot be reached, as its host is not found" in str(failure)


def test_a_host_without_an_address(upper: MakeService) -> None:
    with calling(FakeResolver([]), "public") as caller:
        failure = refusal_of(caller, upper, "http://upper.test/")
    assert str(failure) == (
        'Service "upper" cannot be reached, as its host is not found: it has no address.'
    )


def test_a_resolver_that_hangs_is_not_waited_for(upper: MakeService) -> None:
    hanging = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        hanging.wait(30)
        return ["127.0.0.1"]

    with Caller(resolver=resolve, limits=HASTY) as caller:
        started = time.monotonic()
        failure = refusal_of(caller, upper, "http://upper.test/")
        took_s = time.monotonic() - started
    hanging.set()
    assert isinstance(failure, ServiceUnavailable)
    assert "could not be connected to within 1 s" in str(failure)
    assert took_s < 5


def test_a_webhook_goes_nowhere_that_a_call_may_not_go() -> None:
    with serving(ECHO) as peer, Caller(limits=HASTY) as caller, pytest.raises(AddressRefused):
        caller.deliver(peer.url, b"{}", {})
    assert peer.accepted == 0
