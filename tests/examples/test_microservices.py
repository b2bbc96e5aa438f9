"""The three services of the example answer what their definitions declare."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.failures import ServiceRefused
from ergate.services.replies import Reply
from ergate.services.service import Service

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("upper", "reverse", "space-counter")


@pytest.fixture
def addresses() -> Iterator[dict[str, str]]:
    """Run the program on free ports, and return the address of each service."""
    command = [sys.executable, str(EXAMPLES / "microservices/services.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in NAMES]
        yield dict(lines)
        process.send_signal(signal.SIGINT)
        assert (process.stdout.read(), process.wait(10)) == ("", 0)


@pytest.fixture
def caller() -> Iterator[Caller]:
    with Caller(allowed=AllowList.parse(["loopback"])) as caller:
        yield caller


def definition(name: str) -> dict[str, object]:
    document: dict[str, object] = json.loads((EXAMPLES / "definitions" / name).read_text())
    return document


def service(name: str, addresses: dict[str, str]) -> Service:
    document = definition(f"service-{name}.json")
    return Service.model_validate(document | {"address": addresses[name]})


def test_the_workflow_is_walked_by_hand(addresses: dict[str, str], caller: Caller) -> None:
    """Every service in its turn, and the data so far merged, as the workflow does it."""
    data = definition("event-text.json")["data"]
    assert isinstance(data, dict)
    for seq, name in enumerate(NAMES):
        reply = caller.call(service(name, addresses), data, CallId("event-1", seq))
        assert isinstance(reply, Reply)
        data |= reply.outputs
    assert data == {"message": "! GNINROM EHT NI ESIR LLIW NUS EHT", "space_count": 7}


def test_without_a_port_they_are_where_their_definitions_say() -> None:
    page = (EXAMPLES / "microservices/README.md").read_text()
    for name in NAMES:
        assert f"{name:13}  {definition(f'service-{name}.json')['address']}\n" in page


@pytest.mark.parametrize("name", NAMES)
def test_a_message_that_is_none_is_refused_in_words(
    name: str, addresses: dict[str, str], caller: Caller
) -> None:
    careless = service(name, addresses).model_copy(update={"inputs": ()})
    with pytest.raises(ServiceRefused, match="answered 400 Bad Request: Send a JSON object"):
        caller.call(careless, {}, CallId("event-1", 0))


def test_every_service_is_reached(addresses: dict[str, str], caller: Caller) -> None:
    statuses = [caller.reach(service(name, addresses)).status for name in NAMES]
    assert statuses == [501, 501, 501]  # HEAD is not implemented, and says so
