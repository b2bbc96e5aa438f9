"""What all test servers have in common: a process, a port, and a directory of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, NoReturn, Self

import pytest

from ergate.testing.servers.proxy import Proxy

READY_TIMEOUT_S = 30.0


class ServerMissing(Exception):
    """The server's program is not installed; the text says how to get it."""


class Server(ABC):
    """One server process that listens on the loopback interface only.

        with RedisServer(tmp_path / "redis") as server:
            server.url ...
            server.kill()
            server.start()  # on the same port, with the same data

    `log` holds what it printed, over all its lives.
    """

    name: ClassVar[str]
    """Of the server, as in the variable `ERGATE_TEST_<NAME>_URL`."""
    program: ClassVar[str]
    package: ClassVar[str]
    """The Debian package that brings the program."""
    places: ClassVar[tuple[str, ...]] = ()
    """Directories to look into beside PATH; `*` stands for any one name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    # --- what each server tells -------------------------------------------------------------------

    @property
    @abstractmethod
    def url(self) -> str:
        """The address by which Ergate reaches it."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Return whether it takes orders now; never raises."""

    def prepare(self) -> None:  # noqa: B027  not every server needs it
        """Make the data directory, before the first start."""

    def reset(self) -> None:
        """Drop all data that is in the server."""
        raise NotImplementedError(f"{type(self).__name__} cannot be emptied")

    def flush(self) -> None:  # noqa: B027  most servers write down first and confirm then
        """Have it write down what it has confirmed and may still lose when it is killed."""

    def proxy(self) -> Proxy:
        """Return a proxy in front of it, which is not started yet."""
        return Proxy(self.port)

    def through(self, url: str, port: int) -> str:
        """Return an address in this server as it is through a proxy on `port`."""
        return url.replace(f":{self.port}", f":{port}")

    # --- life -------------------------------------------------------------------------------------

    @classmethod
    def find(cls, program: str | None = None) -> str:
        """Return the path of the server's program, or of another of the same package.

        Raises `ServerMissing`.
        """
        wanted = program or cls.program
        nearby = (str(path) for place in cls.places for path in sorted(Path("/").glob(place[1:])))
        found = shutil.which(wanted, path=os.pathsep.join([os.environ.get("PATH", ""), *nearby]))
        if found is None:
            raise ServerMissing(
                f"{wanted} is not installed, so nothing was tested on {cls.name}. "
                f"Type: sudo apt-get install -y {cls.package} (as root `make servers` does it), "
                f"or set ERGATE_TEST_{cls.name.upper()}_URL to an empty server."
            )
        return found

    @classmethod
    def require(cls) -> None:
        """Skip the running test loudly when the program lacks; in CI that is a defect: fail it."""
        try:
            cls.find()
        except ServerMissing as exc:
            missing(exc)

    def start(self) -> Self:
        """Start it and wait until it answers; the data of an earlier life is there again."""
        if not self.directory.exists():
            self.directory.mkdir(parents=True)
            self.prepare()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_ready()
        return self

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 20.0) -> None:
        """Ask it to end in good order, and wait until it has."""
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, as `kill -9` does; `flush` comes first where its data must be there."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The process id of the server."""
        assert self._process is not None, "start() comes first"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        """The file that holds what it printed."""
        return self.directory.with_suffix(".log")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.kill()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.answers():
            if not self.is_running or time.monotonic() > deadline:
                printed = self.log.read_text(errors="replace")[-4000:]
                self.kill()
                raise AssertionError(f"{self.program} did not start:\n{printed}")
            time.sleep(0.02)


def free_port() -> int:
    """Return a port of the loopback interface on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def missing(reason: ServerMissing) -> NoReturn:
    """Skip the running test loudly; fail it in CI, where a server that lacks is a defect."""
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))
