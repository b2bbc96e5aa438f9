"""Every kind of Redis address leads to a store and a queue that work."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.capabilities import Level
from ergate.contracts.queue import Message
from ergate.contracts.state_store import JobFilter
from ergate.errors import SettingsError
from ergate.jobs.events import Completed, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.servers.base import ServerMissing, free_port, missing
from ergate.testing.servers.redis import RedisServer
from ergate_backends.redis.address import Place
from ergate_backends.redis.queue import RedisQueue
from ergate_backends.redis.store import RedisStore

CLOCK = SystemClock()
SLOTS = 16384


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Any]:
    """Start servers with the given options; all end with the test."""
    with ExitStack() as stack:

        def start(name: str = "redis", **given: Any) -> RedisServer:
            try:
                return stack.enter_context(RedisServer(tmp_path / name, **given))
            except ServerMissing as exc:
                missing(exc)

        yield start


def assert_works(url: str) -> None:
    """Run one job through the store, and one message through the queue."""
    with closing(RedisStore(Address.parse(url), CLOCK)) as store:
        store.migrate()
        store.submit([JobRecord(id="a", workflow_name="w")])
        assert store.wait_ready(["default"], 5.0)
        (job,) = store.claim_ready(["default"], 5, "worker")
        store.settle([Settlement("a", "worker", job.revision, Completed("1"))])
        assert dict(store.count(JobFilter())) == {JobStatus.COMPLETED: 1}
    with closing(RedisQueue(Address.parse(url), CLOCK)) as queue:
        queue.publish([Message(b"hello", "a"), Message(b"world", "b", "other")])
        got = list(queue.receive(["default", "other"], 5, 5.0))
        got += queue.receive(["default", "other"], 5, 0.1)
        assert sorted(one.body for one in got) == [b"hello", b"world"]
        queue.release(got[:1])
        queue.acknowledge(got[1:])
        assert queue.depth(got[0].queue) == 1


def test_a_unix_socket(servers: Any, tmp_path: Path) -> None:
    servers(options={"unixsocket": str(tmp_path / "redis.sock")})
    assert_works(f"unix://{tmp_path / 'redis.sock'}?db=3")


def test_a_user_with_a_password_who_may_neither_see_nor_set_the_configuration(servers: Any) -> None:
    server = servers()
    server.order("ACL", "SETUSER", "ann", "on", ">p%ss:w", "~*", "+@all", "-@admin", "-info")
    url = f"redis://ann:p%25ss%3Aw@127.0.0.1:{server.port}/0"
    assert_works(url)
    with closing(RedisStore(Address.parse(url), CLOCK)) as store:
        assert store.level is Level.L0  # never claimed higher than it was seen


def test_a_user_with_the_rights_that_the_guide_names(servers: Any) -> None:
    server = servers()
    rights = "~{ergate}:* +@all -@admin -@dangerous +info +config|get"
    server.order("ACL", "SETUSER", "ann", "on", ">pw", *rights.split())
    url = f"redis://ann:pw@127.0.0.1:{server.port}/0"
    assert_works(url)
    with closing(RedisStore(Address.parse(url), CLOCK)) as store:
        assert store.level is Level.L1


def test_another_database(servers: Any) -> None:
    assert_works(f"redis://127.0.0.1:{servers().port}/7")


def test_tls(servers: Any, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    port = free_port()
    options = {
        "tls-port": str(port),
        "tls-cert-file": str(certificate),
        "tls-key-file": str(key),
        "tls-ca-cert-file": str(certificate),
        "tls-auth-clients": "no",
    }
    servers(options=options)
    assert_works(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}")


def test_a_cluster(servers: Any) -> None:
    server = servers(options={"cluster-enabled": "yes", "cluster-port": str(free_port())})
    server.order("CLUSTER", "ADDSLOTSRANGE", "0", str(SLOTS - 1))
    eventually("the cluster is whole", lambda: "state:ok" in server.order("CLUSTER", "INFO"))
    assert_works(f"redis+cluster://127.0.0.1:{server.port}")


def test_a_sentinel(servers: Any, tmp_path: Path) -> None:
    with Sentinel(tmp_path / "guard", servers().port) as guard:
        assert_works(f"redis+sentinel://127.0.0.1:{guard.port}/jobs/0")


class Sentinel(RedisServer):
    """A guard over one master."""

    def __init__(self, directory: Path, master: int) -> None:
        super().__init__(directory)
        self._master = master

    def prepare(self) -> None:
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"sentinel monitor jobs 127.0.0.1 {self._master} 1",
        ]
        (self.directory / "redis.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        return [*super().command(), "--sentinel"]

    def answers(self) -> bool:
        """It knows no QUIT, so `order` would wait for its end."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"SENTINEL GET-MASTER-ADDR-BY-NAME jobs\r\n")
                return b"127.0.0.1" in connection.recv(4096)
        except OSError:
            return False


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://h/0?prefx=a", "prefix"),
        ("redis://h/0?prefix=a{b}", "cannot begin a key"),
        ("redis://h/jobs", "no number of a database"),
        ("redis+sentinel://h:26379", "does not name the group"),
        ("redis://h/0?ssl_ca_certs=x", "rediss:"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Place.of(Address.parse(url)).connect()
