"""Fixtures that give tests a real server; name this module in `pytest_plugins` to get them.

A server starts once per session, when the first test asks for it. `ERGATE_TEST_REDIS_URL`,
`ERGATE_TEST_POSTGRES_URL`, `ERGATE_TEST_RABBITMQ_URL` and `ERGATE_TEST_KAFKA_URL` name one that
runs already.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import pytest

from ergate.testing.servers.base import Server
from ergate.testing.servers.kafka import KafkaServer
from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.rabbitmq import RabbitMQServer
from ergate.testing.servers.redis import RedisServer

ServerT = TypeVar("ServerT", bound=Server)
Factory = pytest.TempPathFactory

# Read once, as test suites commonly take such variables out of the environment of each test.
GIVEN: Mapping[type[Server], str | None] = {
    kind: os.environ.get(f"ERGATE_TEST_{kind.name.upper()}_URL")
    for kind in (RedisServer, PostgresServer, RabbitMQServer, KafkaServer)
}
"""By the type of server: the URL of one that runs already, or None."""


@contextmanager
def _running(kind: type[ServerT], factory: Factory) -> Iterator[ServerT]:
    kind.require()
    with kind(factory.mktemp(kind.name) / "data") as server:
        yield server


def _shared(kind: type[Server], factory: Factory) -> Iterator[str]:
    if given := GIVEN[kind]:
        yield given
    else:
        with _running(kind, factory) as server:
            yield server.url


def _with_options(address: str, options: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{options}"


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: Factory) -> Iterator[str]:
    """Give the URL of a Redis server that all tests of the session share."""
    yield from _shared(RedisServer, tmp_path_factory)


@pytest.fixture
def redis_url(redis_address: str) -> str:
    """Give a Redis URL whose prefix no other test uses, so that nothing is there."""
    return _with_options(redis_address, f"prefix=test-{uuid.uuid4().hex}")


@pytest.fixture
def redis_server(tmp_path_factory: Factory) -> Iterator[RedisServer]:
    """Give a Redis server for one test alone, which may kill it."""
    with _running(RedisServer, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: Factory) -> Iterator[str]:
    """Give the URL of a Postgres server that all tests of the session share."""
    yield from _shared(PostgresServer, tmp_path_factory)


@pytest.fixture
def postgres_url(postgres_address: str) -> str:
    """Give a Postgres URL whose schema no other test uses, so that nothing is there.

    Tables that a step makes land in the same schema.
    """
    schema = f"test_{uuid.uuid4().hex}"
    return _with_options(postgres_address, f"options=-csearch_path%3D{schema}&schema={schema}")


@pytest.fixture
def postgres_server(tmp_path_factory: Factory) -> Iterator[PostgresServer]:
    """Give a Postgres server for one test alone, which may kill it."""
    with _running(PostgresServer, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_address(tmp_path_factory: Factory) -> Iterator[str]:
    """Give the URL of a RabbitMQ server that all tests of the session share."""
    yield from _shared(RabbitMQServer, tmp_path_factory)


@pytest.fixture
def rabbitmq_url(rabbitmq_address: str) -> str:
    """Give a RabbitMQ URL whose prefix no other test uses, so that nothing is there."""
    return _with_options(rabbitmq_address, f"prefix=test-{uuid.uuid4().hex}")


@pytest.fixture
def rabbitmq_server(tmp_path_factory: Factory) -> Iterator[RabbitMQServer]:
    """Give a RabbitMQ server for one test alone, which may kill it."""
    with _running(RabbitMQServer, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def kafka_address(tmp_path_factory: Factory) -> Iterator[str]:
    """Give the URL of a Kafka server that all tests of the session share."""
    yield from _shared(KafkaServer, tmp_path_factory)


@pytest.fixture
def kafka_url(kafka_address: str) -> str:
    """Give a Kafka URL whose topics and group no other test uses."""
    return _with_options(kafka_address, f"prefix=test-{uuid.uuid4().hex}")


@pytest.fixture
def kafka_server(tmp_path_factory: Factory) -> Iterator[KafkaServer]:
    """Give a Kafka server for one test alone, which may kill it."""
    with _running(KafkaServer, tmp_path_factory) as server:
        yield server
