"""Every kind of RabbitMQ address leads to a queue that works, or to an error that helps."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.queue import Message
from ergate.errors import BackendError, BackendUnavailable, SettingsError
from ergate.testing.servers.base import free_port
from ergate.testing.servers.rabbitmq import RabbitMQServer
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.queue import RabbitMQQueue

CLOCK = SystemClock()


def open_queue(url: str) -> RabbitMQQueue:
    return RabbitMQQueue(Address.parse(url), CLOCK)


def assert_works(url: str) -> None:
    """Send one message through the queue."""
    with closing(open_queue(url)) as queue:
        queue.publish([Message(b"hello", "a")])
        (delivery,) = queue.receive(["default"], 5, 10.0)
        assert delivery.body == b"hello"
        queue.acknowledge([delivery])
        assert queue.depth("default") == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that vouches for itself, and its key."""
    place = tmp_path_factory.mktemp("tls")
    key, certificate = place / "key.pem", place / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]
) -> Iterator[RabbitMQServer]:
    RabbitMQServer.require()
    with RabbitMQServer(
        tmp_path_factory.mktemp("rabbitmq") / "data",
        password="p%s/w",
        vhosts=["jobs", "a/b"],
        certificate=certificate[0],
        key=certificate[1],
    ) as server:
        yield server


def log_in(server: RabbitMQServer, user: str = "ergate:p%25s%2Fw") -> str:
    return f"{user}@127.0.0.1:{server.port}"


@pytest.mark.parametrize("vhost", ["", "%2F", "jobs", "a%2Fb"])
def test_a_virtual_host(server: RabbitMQServer, vhost: str) -> None:
    assert_works(f"rabbitmq://{log_in(server)}/{vhost}?prefix=vhosts")


def test_several_nodes_of_which_one_is_away(server: RabbitMQServer) -> None:
    assert_works(f"amqp://{log_in(server)},127.0.0.1:{free_port()}/?prefix=nodes")


def test_tls(server: RabbitMQServer, certificate: tuple[Path, Path]) -> None:
    url = f"amqps://{log_in(server).replace(str(server.port), str(server.tls_port))}/?prefix=tls"
    assert_works(f"{url}&cafile={certificate[0]}")
    assert_works(f"{url}&verify=false")
    with pytest.raises(BackendUnavailable, match="certificate verify failed"):
        open_queue(url)


def test_a_user_with_the_rights_that_the_guide_names(server: RabbitMQServer) -> None:
    server.control("add_user", "ann", "pw")
    rights = (r"^ergate\.", r"^(ergate\..*|amq\.default)$", r"^ergate\.")
    server.control("set_permissions", "ann", *rights)
    assert_works(f"amqp://{log_in(server, 'ann:pw')}/")


def test_what_a_user_may_not_do_is_said(server: RabbitMQServer) -> None:
    server.control("add_user", "bob", "pw")
    server.control("set_permissions", "bob", "^other", "^other", "^other")
    with closing(open_queue(f"amqp://{log_in(server, 'bob:pw')}/")) as queue:
        with pytest.raises(BackendError, match=r"amq\.default.*refused for user 'bob'"):
            queue.publish([Message(b"hello", "a")])
        with pytest.raises(BackendError, match=r"refused to make the queue .*'bob'"):
            queue.receive(["default"], 1, 0.1)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("amqp://ergate:wrong@{}/", "refused the log-in"),
        ("amqp://ergate:p%25s%2Fw@{}/nowhere", "virtual host 'nowhere'.*add_vhost"),
        ("amqp://nobody:@127.0.0.1:1/", "Connection refused.*Is it running"),
    ],
)
def test_a_server_that_lets_nobody_in_says_why(
    server: RabbitMQServer, url: str, message: str
) -> None:
    with pytest.raises(BackendUnavailable, match=message):
        open_queue(url.format(f"127.0.0.1:{server.port}"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("amqp://h/?prefx=a", "did you mean|Did you mean"),
        ("amqp://h/?prefix=a b".replace(" ", "%20"), "cannot begin the name"),
        ("amqp://h/?prefix=amq.x", "cannot begin the name"),
        ("amqp://h/?heartbeat=soon", "no number of seconds"),
        ("amqp://h/?cafile=x", "amqps:"),
        ("amqps://h/?keyfile=x", "without its certfile"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Place.of(Address.parse(url))


def test_a_file_for_tls_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = Place.of(Address.parse(f"amqps://h/?cafile={tmp_path / 'none.pem'}"))
    with pytest.raises(SettingsError, match="cafile"):
        place.parameters("h", 1, "tests")
