"""A service is called with its inputs and answers its outputs."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable

import pytest

from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.callback import Callback
from ergate.services.calling import Caller
from ergate.services.failures import BadData, BadReply
from ergate.services.replies import Reply, Unfinished
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, Handle, Request, looping, serving

CALL = CallId("order-7", 3, 2)
DATA = {"message": "the sun", "other": [1, 2]}


def answer_upper(connection: Connection, request: Request) -> None:
    data = request.data
    assert isinstance(data, dict)
    connection.answer({"message": data["message"].upper(), "debug": "not declared"})


UPPER: Handle = looping(answer_upper)


def outputs_of(reply: Reply | Unfinished) -> dict[str, object]:
    assert isinstance(reply, Reply)
    return reply.outputs


def test_the_declared_inputs_go_out_and_the_declared_outputs_come_back(
    caller: Caller, upper: MakeService
) -> None:
    with serving(UPPER) as peer:
        reply = caller.call(upper(peer.url), DATA, CALL)
    assert outputs_of(reply) == {"message": "THE SUN"}
    assert [request.data for request in peer.requests] == [{"message": "the sun"}]


def test_a_call_says_who_it_is_and_what_it_takes(caller: Caller, upper: MakeService) -> None:
    with serving(UPPER) as peer:
        caller.call(upper(f"{peer.url}a/b?c=d"), DATA, CALL)
    (request,) = peer.requests
    assert (request.method, request.target) == ("POST", "/a/b?c=d")
    assert request.headers == {
        "host": f"127.0.0.1:{peer.port}",
        "user-agent": "ergate/0.1.0",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "content-length": "21",
        "idempotency-key": "order-7:3",
        "traceparent": CALL.traceparent,
    }


def test_a_call_that_is_repeated_has_the_same_key_and_another_parent(
    caller: Caller, upper: MakeService
) -> None:
    with serving(UPPER) as peer:
        for attempt in (1, 2):
            caller.call(upper(peer.url), DATA, CallId("order-7", 3, attempt))
    headers = [request.headers for request in peer.requests]
    assert headers[0]["idempotency-key"] == headers[1]["idempotency-key"]
    assert headers[0]["traceparent"] != headers[1]["traceparent"]


def test_one_connection_carries_many_calls(caller: Caller, upper: MakeService) -> None:
    with serving(UPPER) as peer:
        for _ in range(50):
            caller.call(upper(peer.url), DATA, CALL)
    assert (len(peer.requests), peer.accepted) == (50, 1)


def test_threads_call_at_the_same_time_over_as_many_connections(
    caller: Caller, upper: MakeService
) -> None:
    """All eight calls are inside of the service at once, or the barrier would break."""
    together = threading.Barrier(8)

    def reply(connection: Connection, request: Request) -> None:
        together.wait(20)
        answer_upper(connection, request)

    replies: list[Reply | Unfinished] = []
    with serving(looping(reply)) as peer:
        service = upper(peer.url)

        def work() -> None:
            replies.extend(caller.call(service, DATA, CALL) for _ in range(5))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert [outputs_of(reply) for reply in replies] == [{"message": "THE SUN"}] * 40
    assert peer.accepted == 8


def test_a_connection_that_the_service_closed_meanwhile_is_not_used_again(
    caller: Caller, upper: MakeService
) -> None:
    def once(connection: Connection) -> None:
        request = connection.request()
        assert request is not None
        answer_upper(connection, request)

    with serving(once) as peer:
        for _ in range(3):
            assert outputs_of(caller.call(upper(peer.url), DATA, CALL)) == {"message": "THE SUN"}
    assert peer.accepted == 3


def test_a_connection_that_closes_just_as_it_is_used_again_costs_no_call(
    caller: Caller, upper: MakeService
) -> None:
    """The first connection answers once, takes the second request, and closes without a word."""

    def handle(connection: Connection) -> None:
        request = connection.request()
        while request is not None:
            answer_upper(connection, request)
            request = connection.request()
            if connection.number == 1:
                return

    with serving(handle) as peer:
        for _ in range(2):
            assert outputs_of(caller.call(upper(peer.url), DATA, CALL)) == {"message": "THE SUN"}
    assert peer.accepted == 2
    keys = [request.headers["idempotency-key"] for request in peer.requests]
    assert keys == ["order-7:3"] * 3


def test_cookies_of_one_service_are_kept_from_the_next_call(
    caller: Caller, upper: MakeService
) -> None:
    def reply(connection: Connection, request: Request) -> None:
        connection.answer({"message": "x"}, headers={"set_cookie": "session=1; Path=/"})

    with serving(looping(reply)) as peer:
        for _ in range(2):
            caller.call(upper(peer.url), DATA, CALL)
    assert ["cookie" in request.headers for request in peer.requests] == [False, False]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_asked(
    variable: str, caller: Caller, upper: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(UPPER) as peer, serving(UPPER) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        caller.call(upper(peer.url), DATA, CALL)
    assert (peer.accepted, proxy.accepted) == (1, 0)


def test_inputs_that_cannot_be_had_are_no_call(caller: Caller, upper: MakeService) -> None:
    with serving(UPPER) as peer, pytest.raises(BadData) as refused:
        caller.call(upper(peer.url), {"message": 7}, CALL)
    assert 'Service "upper" is not called, as its inputs cannot be had: message' in str(
        refused.value
    )
    assert peer.accepted == 0


def test_a_service_without_outputs_may_answer_nothing(caller: Caller, upper: MakeService) -> None:
    def reply(connection: Connection, request: Request) -> None:
        connection.answer(status="204 No Content", body=b"", headers={"content_length": ""})

    with serving(looping(reply)) as peer:
        reply_ = caller.call(upper(peer.url, outputs=[]), DATA, CALL)
    assert outputs_of(reply_) == {}


def answer_202(connection: Connection, request: Request) -> None:
    connection.answer({"job": "started"}, status="202 Accepted")


def test_a_service_may_leave_work_unfinished_when_it_was_told_where_to_end_it(
    caller: Caller, upper: MakeService
) -> None:
    callback = Callback("https://ergate.example/callbacks/canary-7f3a")
    with serving(looping(answer_202)) as peer:
        reply = caller.call(upper(peer.url), DATA, CALL, callback=callback)
    assert isinstance(reply, Unfinished)
    (request,) = peer.requests
    assert request.headers["ergate-callback"] == callback.url
    assert request.headers["prefer"] == "respond-async"
    assert "canary" not in repr(callback)


def test_work_left_unfinished_without_being_asked_is_a_bad_reply(
    caller: Caller, upper: MakeService
) -> None:
    with serving(looping(answer_202)) as peer, pytest.raises(BadReply, match="no address to tell"):
        caller.call(upper(peer.url), DATA, CALL)
    (request,) = peer.requests
    assert {"ergate-callback", "prefer"} & request.headers.keys() == set()


def test_a_service_is_reached_without_data_or_secrets(caller: Caller, upper: MakeService) -> None:
    def reply(connection: Connection, request: Request) -> None:
        connection.answer(status="405 Method Not Allowed", body=b"")

    with serving(looping(reply)) as peer:
        reached = caller.reach(upper(peer.url, credential="crm"))
    (request,) = peer.requests
    assert (reached.status, request.method, request.body) == (405, "HEAD", b"")
    assert {"authorization", "idempotency-key"} & request.headers.keys() == set()


def test_a_webhook_is_delivered_with_its_signature(caller: Caller) -> None:
    def reply(connection: Connection, request: Request) -> None:
        connection.answer(body=b"thanks", headers={"content_type": "text/plain"})

    with serving(looping(reply)) as peer:
        took_s = caller.deliver(peer.url, b'{"a":1}', {"webhook-id": "e1"}, who="The webhook of e1")
    (request,) = peer.requests
    assert (request.body, request.headers["webhook-id"]) == (b'{"a":1}', "e1")
    assert took_s > 0


def test_a_closed_caller_makes_new_connections(caller: Caller, upper: MakeService) -> None:
    with serving(UPPER) as peer:
        for _ in range(2):
            caller.call(upper(peer.url), DATA, CALL)
            caller.close()
    assert peer.accepted == 2


def test_a_caller_that_is_forgotten_closes_its_connections(upper: MakeService) -> None:
    ended = threading.Event()

    def handle(connection: Connection) -> None:
        UPPER(connection)
        ended.set()

    def call_and_forget(address: str) -> None:
        Caller(allowed=AllowList.parse(["loopback"])).call(upper(address), DATA, CALL)

    with serving(handle) as peer:
        call_and_forget(peer.url)
        assert ended.wait(10)


def in_a_child(work: Callable[[], bool]) -> bool:
    """Fork, and return what `work` returned in the child."""
    with warnings.catch_warnings():
        # Python 3.12 warns of a fork beside threads; here nothing else is asked.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        is_good = False
        try:
            is_good = work()
        finally:
            os._exit(0 if is_good else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_forked_process_speaks_on_connections_of_its_own(
    caller: Caller, upper: MakeService
) -> None:
    with serving(UPPER) as peer:
        service = upper(peer.url)
        caller.call(service, DATA, CALL)
        good = in_a_child(
            lambda: outputs_of(caller.call(service, DATA, CALL)) == {"message": "THE SUN"}
        )
        again = outputs_of(caller.call(service, DATA, CALL))
    assert good
    assert again == {"message": "THE SUN"}
    assert (len(peer.requests), peer.accepted) == (3, 2)
