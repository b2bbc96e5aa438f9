"""A real server on loopback: over SQLite and over Postgres, with streams and a graceful stop."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from ergate.api import snapshots
from ergate.api.app import create_api
from ergate.api.bounds import Bounds
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.api.serving import EscapedLines, bound, check_address
from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.errors import BackendUnavailable, UsageError
from tests.api.conftest import BEARER, TOKEN, new_registry
from tests.api.served import served


def walk(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert client.get("/healthcheck").status_code == 204
        order = {"workflow": "order", "input": 1, "id": "a/b %2e é"}
        assert client.post("/api/v1/jobs", json=order).status_code == 401
        job = client.post("/api/v1/jobs", json=order, headers=BEARER).json()
        assert client.get("/api/v1/jobs/a%2Fb%20%252e%20%C3%A9").json() == job
        for path in ("jobs", "counts", "queues", "workers", "workflows", "dead-letters"):
            assert client.get(f"/api/v1/{path}").status_code == 200
        cancelled = client.post("/api/v1/bulk/cancel", json={"ids": [job["id"]]}, headers=BEARER)
        assert cancelled.json()["done"] == [job["id"]]
        rebound = client.get("/api/v1/jobs", headers={"Host": "evil.example"})
        assert rebound.status_code == 400


def test_a_real_server_over_sqlite(api: FastAPI) -> None:
    with served(api) as address:
        walk(address)


def test_a_real_server_over_postgres(postgres_url: str) -> None:
    broker = open_broker(postgres_url, None)
    assert isinstance(broker, Broker)
    place = Place(broker=broker, registry=new_registry())
    try:
        with served(create_api(place, Security(token=TOKEN))) as address:
            walk(address)
    finally:
        broker.close()


def events(lines: Iterator[str]) -> Iterator[tuple[str, object]]:
    name = ""
    for line in lines:
        kind, _, rest = line.partition(": ")
        if kind == "event":
            name = rest
        elif kind == "data":
            yield name, json.loads(rest)


def test_a_stream_tells_what_changes_and_ends_with_the_server(api: FastAPI) -> None:
    with served(api) as address, httpx.Client(base_url=address, trust_env=False) as client:
        with client.stream("GET", "/api/v1/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            told = events(answer.iter_lines())
            first = [next(told) for _ in range(4)]
            assert [name for name, _ in first] == ["counts", "queues", "workers", "jobs"]
            client.post("/api/v1/jobs", json={"workflow": "order", "input": 1}, headers=BEARER)
            assert next(told) == ("counts", {"queued": 1})
        with client.stream("GET", "/api/v1/stream") as answer:
            told = events(answer.iter_lines())
            assert next(told) == ("counts", {"queued": 1})
            api.state.streams.stop_soon()
            assert [name for name, _ in told] == ["queues", "workers", "jobs"]


def test_a_stream_tells_of_trouble_and_that_it_is_over(
    api: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, troubles = snapshots._look, iter([False, True])

    def looked(place: Place) -> snapshots.Snapshot:
        if next(troubles, False):
            raise BackendUnavailable("the store is down")
        return look(place)

    monkeypatch.setattr(snapshots, "_look", looked)
    with (
        served(api) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
        client.stream("GET", "/api/v1/stream") as answer,
    ):
        told = events(answer.iter_lines())
        names = [next(told)[0] for _ in range(9)]
    parts = ["counts", "queues", "workers", "jobs"]
    assert names == [*parts, "problem", *parts]


def test_streams_need_the_rights_of_pages_and_are_bounded(place: Place) -> None:
    app = create_api(place, Security(token=TOKEN), Bounds(streams=1, snapshot_s=0.05))
    with served(app) as address, httpx.Client(base_url=address, trust_env=False) as client:
        proxied = {"X-Forwarded-For": "192.0.2.7"}
        assert client.get("/api/v1/stream", headers=proxied).status_code == 401
        with client.stream("GET", "/api/v1/stream") as answer:
            lines = answer.iter_lines()  # kept: without a reader httpx hangs up
            next(lines)
            full = client.get("/api/v1/stream")
            assert full.status_code == 503
            assert full.headers["content-type"] == "application/problem+json"
        for _ in range(200):
            with client.stream("GET", "/api/v1/stream") as again:
                if again.status_code == 200:
                    return
        pytest.fail("the place of a stream that ended was never free again")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="token"):
        check_address(host, Security())
    check_address(host, Security(token=TOKEN))
    for own in ("127.0.0.1", "::1", "localhost"):
        check_address(own, Security())


def test_control_characters_do_not_reach_the_log() -> None:
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s "%s"', ("\x1b[2J\u202e", "/a\nb"), None
    )
    assert EscapedLines().filter(record)
    assert record.getMessage() == '\\x1b[2J\\u202e "/a\\nb"'


def test_no_answer_waits_until_its_head_was_acknowledged() -> None:
    """A client on Linux acknowledges after 40 ms, which each answer would take at least."""

    async def has_no_delay() -> bool:
        accepted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            accepted.set_result(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
            writer.close()

        listening = bound("127.0.0.1", 0)
        async with await asyncio.start_server(accept, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            found = await accepted
            writer.close()
            await writer.wait_closed()
        return found

    assert asyncio.run(has_no_delay())
