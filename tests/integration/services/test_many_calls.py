"""Many calls at once, most of them to a service that misbehaves, leave nothing behind."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.failures import ServiceFailure
from ergate.services.limits import CallLimits
from ergate.services.replies import Reply
from ergate.services.transport import CONNECTIONS
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, serving

CALLS = 600
LIMITS = CallLimits(connect_s=5, total_s=0.3, max_reply_bytes=10_000)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def misbehave(connection: Connection) -> None:
    """Do with each call what the number in its message says."""
    while (request := connection.request()) is not None:
        data = request.data
        assert isinstance(data, dict)
        match int(data["message"]) % 6:
            case 0 | 1:
                connection.answer(data)
            case 2:
                connection.answer({"error": "x"}, status="500 Oops")
            case 3:
                connection.raw.sendall(b"garbage\r\n\r\n")
                return
            case 4:
                connection.raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n{")
                connection.peer.stopping.wait(1)
                return
            case _:
                connection.raw.sendall(b"HTTP/1.1 200 OK\r\n")
                connection.peer.stopping.wait(1)
                return


def test_six_hundred_calls_from_sixteen_threads(upper: MakeService) -> None:
    before = open_files()
    ended: Counter[str] = Counter()
    lock = threading.Lock()
    with (
        serving(misbehave) as peer,
        Caller(allowed=AllowList.parse(["loopback"]), limits=LIMITS) as caller,
        ThreadPoolExecutor(16) as pool,
    ):
        service = upper(peer.url)

        def work(number: int) -> None:
            message = {"message": str(number)}
            try:
                reply = caller.call(service, message, CallId(f"order-{number}", 1))
            except ServiceFailure as failure:
                end = type(failure).__name__
            else:
                assert isinstance(reply, Reply)
                end = "good" if reply.outputs == message else "mixed up"
            with lock:
                ended[end] += 1

        list(pool.map(work, range(CALLS)))
    sixth = CALLS // 6
    # A garbled answer is often over before the caller has looked at it.
    garbled = ended.pop("BadReply") + ended.pop("ServiceUnavailable", 0)
    assert garbled == 2 * sixth
    assert ended == {"good": 2 * sixth, "ServiceError": sixth, "ServiceTimeout": sixth}
    assert open_files() == before


def test_more_threads_than_connections_wait_for_each_other(upper: MakeService) -> None:
    def answer(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            connection.answer(request.data)

    with (
        serving(answer) as peer,
        Caller(allowed=AllowList.parse(["loopback"]), limits=CallLimits(total_s=30)) as caller,
        ThreadPoolExecutor(CONNECTIONS + 20) as pool,
    ):
        service = upper(peer.url)
        replies = list(
            pool.map(
                lambda number: caller.call(service, {"message": str(number)}, CallId("a", number)),
                range(500),
            )
        )
    told = [reply.outputs["message"] for reply in replies if isinstance(reply, Reply)]
    assert told == [str(number) for number in range(500)]
    assert peer.accepted <= CONNECTIONS
