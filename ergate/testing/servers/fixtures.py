"""Fixtures that give tests a real server; name this module in `pytest_plugins` to get them.

A server starts once per session, when the first test asks for it. `ERGATE_TEST_REDIS_URL`,
`ERGATE_TEST_POSTGRES_URL`, `ERGATE_TEST_RABBITMQ_URL` and `ERGATE_TEST_KAFKA_URL` name one that
runs already.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from ergate.testing.servers.kafka import KafkaServer
from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.rabbitmq import RabbitMQServer
from ergate.testing.servers.redis import RedisServer

# Read once, as test suites commonly take such variables out of the environment of each test.
GIVEN_REDIS = os.environ.get("ERGATE_TEST_REDIS_URL")
GIVEN_POSTGRES = os.environ.get("ERGATE_TEST_POSTGRES_URL")
GIVEN_RABBITMQ = os.environ.get("ERGATE_TEST_RABBITMQ_URL")
GIVEN_KAFKA = os.environ.get("ERGATE_TEST_KAFKA_URL")


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a Redis server that all tests of the session share."""
    if GIVEN_REDIS:
        yield GIVEN_REDIS
        return
    RedisServer.require()
    with RedisServer(tmp_path_factory.mktemp("redis") / "data") as server:
        yield server.url


@pytest.fixture
def redis_url(redis_address: str) -> str:
    """Give a Redis URL whose prefix no other test uses, so that nothing is there."""
    sign = "&" if "?" in redis_address else "?"
    return f"{redis_address}{sign}prefix=test-{uuid.uuid4().hex}"


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Give a Redis server for one test alone, which may kill it."""
    RedisServer.require()
    with RedisServer(tmp_path_factory.mktemp("redis") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a Postgres server that all tests of the session share."""
    if GIVEN_POSTGRES:
        yield GIVEN_POSTGRES
        return
    PostgresServer.require()
    with PostgresServer(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server.url


@pytest.fixture
def postgres_url(postgres_address: str) -> str:
    """Give a Postgres URL whose schema no other test uses, so that nothing is there.

    Tables that a step makes land in the same schema.
    """
    sign = "&" if "?" in postgres_address else "?"
    schema = f"test_{uuid.uuid4().hex}"
    return f"{postgres_address}{sign}options=-csearch_path%3D{schema}&schema={schema}"


@pytest.fixture
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Give a Postgres server for one test alone, which may kill it."""
    PostgresServer.require()
    with PostgresServer(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def kafka_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a Kafka server that all tests of the session share."""
    if GIVEN_KAFKA:
        yield GIVEN_KAFKA
        return
    KafkaServer.require()
    with KafkaServer(tmp_path_factory.mktemp("kafka") / "data") as server:
        yield server.url


@pytest.fixture
def kafka_url(kafka_address: str) -> str:
    """Give a Kafka URL whose topics and group no other test uses."""
    sign = "&" if "?" in kafka_address else "?"
    return f"{kafka_address}{sign}prefix=test-{uuid.uuid4().hex}"


@pytest.fixture
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """Give a Kafka server for one test alone, which may kill it."""
    KafkaServer.require()
    with KafkaServer(tmp_path_factory.mktemp("kafka") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a RabbitMQ server that all tests of the session share."""
    if GIVEN_RABBITMQ:
        yield GIVEN_RABBITMQ
        return
    RabbitMQServer.require()
    with RabbitMQServer(tmp_path_factory.mktemp("rabbitmq") / "data") as server:
        yield server.url


@pytest.fixture
def rabbitmq_url(rabbitmq_address: str) -> str:
    """Give a RabbitMQ URL whose prefix no other test uses, so that nothing is there."""
    sign = "&" if "?" in rabbitmq_address else "?"
    return f"{rabbitmq_address}{sign}prefix=test-{uuid.uuid4().hex}"


@pytest.fixture
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQServer]:
    """Give a RabbitMQ server for one test alone, which may kill it."""
    RabbitMQServer.require()
    with RabbitMQServer(tmp_path_factory.mktemp("rabbitmq") / "data") as server:
        yield server
