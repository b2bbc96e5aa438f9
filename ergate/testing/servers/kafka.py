"""A Kafka server for tests: one process that is broker and controller, on loopback only."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from ergate.testing.servers import kafka_wire as wire
from ergate.testing.servers.base import Server, ServerMissing, free_port
from ergate.testing.servers.proxy import Proxy

USER = "ergate"


class KafkaServer(Server):
    """One Apache Kafka in KRaft mode; `options` are lines of its `server.properties`.

    With `password` the user `ergate` must give it (SASL PLAIN). With `certificate` and `key`,
    files of a PEM certificate and its PKCS #8 key, it speaks TLS on `tls_port` as well. `behind`
    is a port for programs that come through `proxy()`: there it names the proxy's port as its own.

    The program is what `make servers` keeps in the directory for caches, `$XDG_CACHE_HOME`.
    """

    name = "kafka"
    program = "java"
    package = "default-jre-headless"

    def __init__(
        self,
        directory: Path,
        *,
        password: str | None = None,
        options: Mapping[str, str] | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        super().__init__(directory)
        self.password = password
        self.tls_port = free_port()
        self.behind = free_port()
        self._options = dict(options or {})
        self._pem = [path for path in (key, certificate) if path is not None]
        self._own_port = free_port()
        self._controller_port = free_port()
        self._proxy_port = free_port()

    @property
    def url(self) -> str:
        before = f"{USER}:{self.password}@" if self.password else ""
        after = "?security.protocol=SASL_PLAINTEXT&sasl.mechanism=PLAIN" if self.password else ""
        return f"kafka://{before}127.0.0.1:{self.port}{after}"

    @classmethod
    def find(cls, program: str | None = None) -> str:
        cls.home()
        return super().find(program)

    @classmethod
    def home(cls) -> Path:
        """Return the directory with the server's jars. Raises `ServerMissing`."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        found = sorted((cache / "ergate-tests").glob("kafka-*/libs"))
        if not found:
            raise ServerMissing(
                "Apache Kafka is not in the cache, so nothing was tested on kafka. "
                "Type: make servers (it needs Java and Maven), "
                "or set ERGATE_TEST_KAFKA_URL to an empty server."
            )
        return found[-1].parent

    def prepare(self) -> None:
        # Formatting takes as long as a start, so it was done once for all servers.
        shutil.copytree(self.home() / "format", self.directory / "data")
        if self._pem:
            keys = self.directory / "keys.pem"
            keys.write_bytes(b"".join(path.read_bytes() for path in self._pem))
            keys.chmod(0o600)
        path = self.directory / "server.properties"
        settings = self._settings() | self._options
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        path.chmod(0o600)

    def command(self) -> Sequence[str]:
        home = self.home()
        archive = home / "classes.jsa"
        shared = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
        return [
            # The same flags as in tests/kafka/install.sh, or the archive is of no use.
            self.find(), "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *shared,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{home}/libs/*",
            "kafka.Kafka", str(self.directory / "server.properties"),
        ]  # fmt: skip

    def answers(self) -> bool:
        try:
            answer = wire.ask(self.port, wire.API_VERSIONS)
        except OSError:
            return False
        return struct.unpack_from(">h", answer) == (0,)

    def reset(self) -> None:
        """Delete every topic; whoever needs one makes it again."""
        if names := self.topics():
            wire.delete_topics(self._own_port, names)

    def topics(self) -> list[str]:
        """Return the names of the topics that are not Kafka's own."""
        return sorted(name for name in wire.topics(self._own_port) if not name.startswith("__"))

    def proxy(self) -> Proxy:
        return Proxy(self.behind, own_port=self._proxy_port)

    def _settings(self) -> dict[str, str]:
        """Return the contents of `server.properties`, all of it for one small quick server."""
        client = "SASL_PLAINTEXT" if self.password else "PLAINTEXT"
        listeners = {
            "CLIENT": (client, self.port, self.port),
            "BEHIND": (client, self.behind, self._proxy_port),
            "OWN": ("PLAINTEXT", self._own_port, self._own_port),
        }
        if self._pem:
            listeners["TLS"] = ("SSL", self.tls_port, self.tls_port)
        controller = f"127.0.0.1:{self._controller_port}"
        own = [f"{name}://127.0.0.1:{port}" for name, (_, port, _) in listeners.items()]
        told = [f"{name}://127.0.0.1:{port}" for name, (_, _, port) in listeners.items()]
        protocols = [f"{name}:{protocol}" for name, (protocol, _, _) in listeners.items()]
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": ",".join([*own, f"CONTROLLER://{controller}"]),
            "advertised.listeners": ",".join(told),
            "listener.security.protocol.map": ",".join([*protocols, "CONTROLLER:PLAINTEXT"]),
            "inter.broker.listener.name": "OWN",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.directory / "data"),
            "auto.create.topics.enable": "false",
            "delete.topic.enable": "true",
            "log.cleaner.dedupe.buffer.size": str(4 * 2**20),
            "log.segment.delete.delay.ms": "1000",
            # The first member of a group would wait three seconds for others.
            "group.initial.rebalance.delay.ms": "0",
            # After kill -9 the controller would take the broker for alive for nine seconds.
            "broker.session.timeout.ms": "1000",
            "broker.heartbeat.interval.ms": "200",
            # A share group tells its members every five seconds what they may have.
            "group.share.min.heartbeat.interval.ms": "100",
            "group.share.heartbeat.interval.ms": "200",
            "group.share.assignment.interval.ms": "0",
            **_SINGLE,
            **self._log_in(),
            **self._certificate(),
        }

    def _log_in(self) -> dict[str, str]:
        if self.password is None:
            return {}
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        listeners = ("client", "behind")
        return {"sasl.enabled.mechanisms": "PLAIN"} | {
            f"listener.name.{name}.plain.sasl.jaas.config": (
                f'{module} required user_{USER}="{self.password}";'
            )
            for name in listeners
        }

    def _certificate(self) -> dict[str, str]:
        if not self._pem:
            return {}
        keys = str(self.directory / "keys.pem")
        return {"ssl.keystore.type": "PEM", "ssl.keystore.location": keys}


_SINGLE = {
    f"{topic}.{name}": "1"
    for topic, names in {
        "offsets.topic": ("replication.factor", "num.partitions"),
        "transaction.state.log": ("replication.factor", "min.isr", "num.partitions"),
        "share.coordinator.state.topic": ("replication.factor", "min.isr", "num.partitions"),
    }.items()
    for name in names
}
"""Kafka's own topics, as one broker can have them."""
