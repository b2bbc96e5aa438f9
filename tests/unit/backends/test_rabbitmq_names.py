"""How queues are named in RabbitMQ, and what a server's properties tell."""

from __future__ import annotations

import pytest

from ergate_backends.rabbitmq.names import LONGEST, dead_name, queue_name, queue_of
from ergate_backends.rabbitmq.server import ServerInfo

NAMES = ["default", "dead", "dead~", "dead~~", "jobs", "events", "a.b", "~", "", "größer"]
HOSTILE = ["a\nb", "ab", "x" * 300, "x" * 301, "ü" * 200]


def test_no_two_queues_have_one_name() -> None:
    names = {queue_name("ergate", queue) for queue in NAMES + HOSTILE}
    assert len(names) == len(NAMES + HOSTILE)
    assert dead_name("ergate") not in names


def test_every_name_is_one_that_the_server_takes() -> None:
    for queue in NAMES + HOSTILE:
        name = queue_name("ergate", queue)
        assert len(name.encode()) <= LONGEST
        assert name.isprintable()


@pytest.mark.parametrize("queue", NAMES, ids=ascii)
def test_a_name_leads_back_to_its_queue(queue: str) -> None:
    assert queue_of("ergate", queue_name("ergate", queue)) == queue


def test_the_name_of_somebody_else_is_kept() -> None:
    assert queue_of("ergate", "billing") == "billing"


# --- versions -------------------------------------------------------------------------------------


def told(version: str) -> ServerInfo:
    return ServerInfo.of({"product": "RabbitMQ", "version": version, "platform": "Erlang"})


@pytest.mark.parametrize(
    ("version", "is_too_old", "counts", "limit", "cancels"),
    [
        ("3.8.9", True, True, None, False),
        ("3.10.8", False, True, None, False),
        ("3.13.7+rc.1", False, True, None, False),
        ("4.0.3", False, True, 20, False),
        ("4.3.0", False, False, 20, True),
    ],
)
def test_what_differs_between_versions_is_read_from_the_properties(
    version: str, is_too_old: bool, counts: bool, limit: int | None, cancels: bool
) -> None:
    server = told(version)
    assert server.is_known
    assert server.is_too_old is is_too_old
    assert server.counts_hand_backs is counts
    assert server.default_delivery_limit == limit
    assert server.ack_timeout_cancels is cancels


@pytest.mark.parametrize("properties", [None, {}, {"product": "LavinMQ", "version": "2.1"}])
def test_another_server_is_not_taken_for_an_old_one(properties: dict[str, object] | None) -> None:
    server = ServerInfo.of(properties)
    assert (server.is_known, server.is_too_old) == (False, False)


def test_names_may_come_as_bytes() -> None:
    server = ServerInfo.of({"product": b"RabbitMQ", "version": b"3.10.8"})
    assert str(server) == "RabbitMQ 3.10.8"
