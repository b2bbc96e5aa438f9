"""Declared workflows on a worker: by version, from messages, and with secrets that stay hidden."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ergate import Ergate, JobStatus
from ergate.brokers.broker import Broker
from ergate.services.catalog import Catalog
from tests.integration.services.peers import Connection, Request, looping, serving
from tests.unit.services.definitions import example


def answering(function: Any) -> Any:
    """Return a service that answers what a function makes of the message."""

    def reply(connection: Connection, request: Request) -> None:
        data = request.data
        assert isinstance(data, dict)
        connection.answer(function(data["message"]))

    return looping(reply)


@pytest.fixture
def addresses() -> Iterator[dict[str, str]]:
    """The services of the walk, each in a thread of this process."""
    services = {
        "upper": lambda text: {"message": text.upper()},
        "reverse": lambda text: {"message": text[::-1]},
        "space-counter": lambda text: {"space_count": text.count(" ")},
    }
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(serving(answering(function))).url
            for name, function in services.items()
        }


@pytest.fixture
def app(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ergate[Any]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ERGATE_ALLOWED_SERVICES", "loopback")
    app = Ergate(state_store=f"sqlite:///{tmp_path}/jobs.db")
    yield app
    app.close()


def register_walk(catalog: Catalog, addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        catalog.register_service({**example(f"service-{name}"), "address": address})
    catalog.register_workflow(example("workflow-process-text"))


def catalog_of(app: Ergate[Any], stack: ExitStack) -> Catalog:
    broker = app.open_broker(app.settings())
    assert isinstance(broker, Broker)
    stack.callback(broker.close)
    return Catalog(broker.store)


EVENT = example("event-text")["data"]


def test_the_walk_ends_with_the_text_reversed_and_its_spaces_counted(
    app: Ergate[Any], addresses: dict[str, str]
) -> None:
    with ExitStack() as stack:
        register_walk(catalog_of(app, stack), addresses)
        job = app.enqueue("process-text", EVENT)
        app.run(burst=True)
        ended = app.get_job(str(job.id))
    assert ended.status is JobStatus.COMPLETED
    assert ended.last_return_value == {
        "message": "! GNINROM EHT NI ESIR LLIW NUS EHT",
        "space_count": 7,
    }


def test_a_job_keeps_the_definition_that_it_was_accepted_with(
    app: Ergate[Any], addresses: dict[str, str]
) -> None:
    with ExitStack() as stack:
        catalog = catalog_of(app, stack)
        register_walk(catalog, addresses)
        before = app.enqueue("process-text", EVENT)
        catalog.register_workflow({**example("workflow-process-text"), "services": ["upper"],
                                   "outputs": [{"name": "message", "type": "string"}]})  # fmt: skip
        after = app.enqueue("process-text", EVENT)
        catalog.remove_workflow("process-text")
        app.run(burst=True)
        ended = [app.get_job(str(job.id)) for job in (before, after)]
    assert [job.last_return_value for job in ended] == [
        {"message": "! GNINROM EHT NI ESIR LLIW NUS EHT", "space_count": 7},
        {"message": "THE SUN WILL RISE IN THE MORNING !"},
    ]
