"""A Redis server for tests; it appends every write to a file, so that it survives `kill -9`."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from ergate.testing.servers.base import Server


class RedisServer(Server):
    """One `redis-server`; `options` are directives of its configuration, such as `maxmemory`.

    With `password` every command but the log-in is refused to strangers.
    """

    name = "redis"
    program = "redis-server"
    package = "redis-server"

    def __init__(
        self, directory: Path, *, password: str | None = None, options: dict[str, str] | None = None
    ) -> None:
        super().__init__(directory)
        self.password = password
        self.options = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        } | (options or {})

    @property
    def url(self) -> str:
        before = f":{self.password}@" if self.password else ""
        return f"redis://{before}127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        # In a file, because a command line with a password is visible to every user.
        lines = [f'requirepass "{self.password}"'] if self.password else []
        lines += [f"bind 127.0.0.1\nport {self.port}\ndir {self.directory}"]
        lines += [f"{name} {value or chr(34) * 2}" for name, value in self.options.items()]
        path = self.directory / "redis.conf"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)

    def command(self) -> Sequence[str]:
        return [self.find(), str(self.directory / "redis.conf")]

    def answers(self) -> bool:
        reply = self.order("PING")
        return reply.startswith("+PONG")

    def reset(self) -> None:
        """Drop all data that is in the server, as `FLUSHALL` does."""
        assert self.order("FLUSHALL").startswith("+OK")

    def order(self, *words: str) -> str:
        """Send one command without any client library; return the raw reply, or nothing.

        The reply may be cut at 64 KiB.
        """
        log_in = ["AUTH " + self.password] if self.password else []
        lines = [*log_in, " ".join(words), "QUIT"]
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(("\r\n".join(lines) + "\r\n").encode())
                reply = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        except OSError:
            return ""
        return reply.removeprefix("+OK\r\n") if log_in else reply
