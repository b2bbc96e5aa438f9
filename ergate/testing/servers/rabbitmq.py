"""A RabbitMQ server for tests: one node with nothing but its core, and everything on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from ergate.testing.servers.base import Server, free_port

USER = "ergate"
_GREETING = b"AMQP\x00\x00\x09\x01"
_CONNECTION_START = b"\x01\x00\x00"
_DELETE_ALL = """
lists:foreach(
  fun(Queue) -> rabbit_amqqueue:purge(Queue) end, rabbit_amqqueue:list()),
lists:foreach(
  fun(Queue) -> rabbit_amqqueue:delete(Queue, false, false, <<"test">>) end,
  rabbit_amqqueue:list()).
"""
_WRITE_DOWN = """
lists:foreach(fun(Table) -> ok = dets:sync(Table) end, dets:all()),
ok = mnesia:sync_log().
"""


class RabbitMQServer(Server):
    """One `rabbitmq-server`; `options` are lines of its configuration, such as `consumer_timeout`.

    With `password` the user `ergate` must give it, else everybody is `guest`. `vhosts` are there
    beside "/". With `certificate` and `key`, files of a PEM certificate and its key, it speaks TLS
    on `tls_port` as well.
    """

    name = "rabbitmq"
    program = "rabbitmq-server"
    package = "rabbitmq-server"
    # Not the script of the same name in /usr/sbin, which changes the user.
    places = ("/usr/lib/rabbitmq/bin",)

    def __init__(
        self,
        directory: Path,
        *,
        password: str | None = None,
        options: Mapping[str, str] | None = None,
        vhosts: Sequence[str] = (),
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        super().__init__(directory)
        self.password = password
        self.tls_port = free_port()
        self._options = dict(options or {})
        self._vhosts = vhosts
        self._tls = {} if certificate is None else {"certfile": certificate, "keyfile": key}
        self._node_port = free_port()
        self._names_port = free_port()
        self._names: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        before = f"{USER}:{self.password}@" if self.password else ""
        return f"amqp://{before}127.0.0.1:{self.port}/"

    @classmethod
    def find(cls, program: str | None = None) -> str:
        for place in cls.places:
            path = Path(place) / (program or cls.program)
            if os.access(path, os.X_OK):
                return str(path)
        return super().find(program)

    def prepare(self) -> None:
        for name in ("logs", "plugins"):
            (self.directory / name).mkdir()
        # Looking at the plugins that come with the server takes longer than all else of a start.
        home = Path(self.find()).resolve().parent.parent
        for core in (home / "plugins").glob("rabbit-[0-9]*"):
            (self.directory / "plugins" / core.name).symlink_to(core)
        (self.directory / "enabled_plugins").write_text("[].\n")
        self._write_definitions()
        (self.directory / "rabbitmq.conf").write_text("\n".join(self._configuration()) + "\n")

    def _configuration(self) -> list[str]:
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", "log.console.level = warning"]
        lines += [f"load_definitions = {self.directory / 'definitions.json'}"]
        if self._tls:
            lines += [f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}"]
            lines += [f"ssl_options.{name} = {path}" for name, path in self._tls.items()]
        return lines + [f"{name} = {value}" for name, value in self._options.items()]

    def _write_definitions(self) -> None:
        """Write the users, hosts and rights that are there from the first start on."""
        users = {"guest": "guest"} if self.password is None else {USER: self.password}
        hosts = ["/", *self._vhosts]
        right = {"configure": ".*", "write": ".*", "read": ".*"}
        definitions: dict[str, list[dict[str, Any]]] = {
            "users": [
                {"name": name, "password_hash": _hashed(password), "tags": "administrator"}
                for name, password in users.items()
            ],
            "vhosts": [{"name": name} for name in hosts],
            "permissions": [
                {"user": user, "vhost": host, **right} for user in users for host in hosts
            ],
        }
        (self.directory / "definitions.json").write_text(json.dumps(definitions))

    # --- life -------------------------------------------------------------------------------------

    def command(self) -> Sequence[str]:
        variables = [f"{name}={value}" for name, value in self._variables().items()]
        return ["env", *variables, self.find()]

    def _variables(self) -> dict[str, str]:
        here = self.directory
        return {
            "HOME": str(here),  # where the cookie is
            "RABBITMQ_NODENAME": f"ergate-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "logs"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "no-such-file"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_PLUGINS_DIR": str(here / "plugins"),
            # The script then becomes the server, instead of being its parent.
            "RUNNING_UNDER_SYSTEMD": "true",
            # A registry of names of its own: the one that a node starts by itself outlives it.
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_FLAGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def start(self) -> RabbitMQServer:
        if self._names is None:
            names = [self.find("epmd"), "-port", str(self._names_port), "-address", "127.0.0.1"]
            self._names = subprocess.Popen(
                names,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._wait_for_names()
        return super().start()

    def _wait_for_names(self) -> None:
        deadline = time.monotonic() + 10
        while not _listens(self._names_port):
            assert time.monotonic() < deadline, "epmd did not start"
            time.sleep(0.01)

    def answers(self) -> bool:
        """Whether it greets as AMQP 0-9-1 demands; it listens a moment earlier."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(_GREETING)
                return connection.recv(64).startswith(_CONNECTION_START)
        except OSError:
            return False

    def kill(self) -> None:
        """End the node and its helpers at once."""
        helpers = []
        if self.is_running:
            helpers = psutil.Process(self.pid).children(recursive=True)
        super().kill()
        for helper in helpers:
            with suppress(psutil.NoSuchProcess):
                helper.kill()
        if self._names is not None:
            self._names.kill()
            self._names.wait()
            self._names = None

    # --- looking and changing, from behind --------------------------------------------------------

    def control(self, *words: str) -> str:
        """Run `rabbitmqctl` with these words and return what it prints; it takes a second."""
        done = subprocess.run(
            [self.find("rabbitmqctl"), "--quiet", *words],
            env=os.environ | self._variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def reset(self) -> None:
        """Purge every queue, and then delete it."""
        self._evaluate(_DELETE_ALL)

    def flush(self) -> None:
        """Write down which queues there are: it confirms a new one about a second earlier.

        The names of quorum queues' logs are in a table that is written when it has not been used
        for a moment. A queue whose name is not in there at a start gets a new and empty log, whose
        only member waits for a leader for ever.
        """
        self._evaluate(_WRITE_DOWN)

    def _evaluate(self, program: str) -> None:
        self.control("eval", re.sub(r"\s+", " ", program))


def _hashed(password: str) -> str:
    """Return a password as definitions have it: salt and SHA-256."""
    salt = os.urandom(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return base64.b64encode(salt + digest).decode()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
