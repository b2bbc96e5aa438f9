"""A place over SQLite with one workflow, and clients that may and may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ergate.api.app import create_api
from ergate.api.bounds import Bounds
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.services.catalog import Catalog
from ergate.workflows.control import GoToStep
from ergate.workflows.paths import GoToStepPath
from ergate.workflows.registry import Registry
from ergate.workflows.workflow import Workflow
from tests.unit.services.definitions import example

TOKEN = "canary-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def new_registry() -> Registry:
    """Return a registry with the workflow `order`."""
    order = Workflow("order")

    @order.step(paths=[GoToStepPath("ship", retval=int)])
    def charge(n: int) -> int:
        if n > 100:
            raise GoToStep("ship", n)
        return n

    @order.step
    def pack(n: int) -> int:
        return n

    @order.step
    def ship(n: int) -> str:
        return str(n)

    registry = Registry()
    registry.register(order)
    return registry


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    opened = open_broker(f"sqlite:///{tmp_path}/jobs.db", None)
    assert isinstance(opened, Broker)
    yield opened
    opened.close()


@pytest.fixture
def place(broker: Broker) -> Place:
    return Place(broker=broker, registry=new_registry())


@pytest.fixture
def security() -> Security:
    return Security(token=TOKEN, hosts=frozenset({"testserver"}))


@pytest.fixture
def api(place: Place, security: Security) -> FastAPI:
    return create_api(place, security, Bounds(snapshot_s=0.05))


@pytest.fixture
def walk(place: Place) -> Catalog:
    """The services of the walk and the workflow `process-text`, registered."""
    for name in ("upper", "reverse", "space-counter"):
        place.catalog.register_service(example(f"service-{name}"))
    place.catalog.register_workflow(example("workflow-process-text"))
    return place.catalog


@pytest.fixture
def stranger(api: FastAPI) -> Iterator[TestClient]:
    """A client without a token, from elsewhere."""
    with TestClient(api, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(stranger: TestClient) -> TestClient:
    """A client with the token."""
    stranger.headers.update(BEARER)
    return stranger
