"""A Postgres server for tests, with a data directory of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from ergate.testing.servers.base import Server

USER = "ergate"
_SYSTEM_USER = "postgres"
"""Postgres refuses to run as root; Debian's package brings this user."""

_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'migrations'
    LOOP
        EXECUTE 'TRUNCATE ' || name;
    END LOOP;
END $$
"""


class PostgresServer(Server):
    """One `postgres` with the database `ergate`; `options` are settings such as `fsync`.

    With `password` every connection must give it. The data lie in a directory of their own below
    the system's temporary one, because the server's user may not look into those of pytest.
    """

    name = "postgres"
    program = "postgres"
    package = "postgresql"
    places = ("/usr/lib/postgresql/*/bin",)

    def __init__(
        self, directory: Path, *, password: str | None = None, options: dict[str, str] | None = None
    ) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="ergate-postgres-"))
        super().__init__(self._home / directory.name)
        self.password = password
        self.options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._home),
            "max_connections": "200",
        } | (options or {})

    @property
    def url(self) -> str:
        before = f"{USER}:{self.password}@" if self.password else f"{USER}@"
        return f"postgresql://{before}127.0.0.1:{self.port}/{USER}"

    def prepare(self) -> None:
        if self._as_user():
            owner = pwd.getpwnam(_SYSTEM_USER)
            os.chown(self._home, owner.pw_uid, owner.pw_gid)
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        self._home.chmod(0o755)
        secret = self._home / "password"
        secret.write_text(f"{self.password or 'unused'}\n")
        secret.chmod(0o644)
        method = "scram-sha-256" if self.password else "trust"
        self._run(
            self.find("initdb"), "-D", str(self.directory), "-U", USER, "-A", method,
            f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        secret.unlink()
        self._single(f"CREATE DATABASE {USER}")

    def command(self) -> Sequence[str]:
        settings = [f"--{name}={value}" for name, value in self.options.items()]
        return [
            *self._as_user(), self.find(), "-D", str(self.directory), "-p", str(self.port),
            *settings,
        ]  # fmt: skip

    def answers(self) -> bool:
        command = [self.find("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def kill(self) -> None:
        """End all of its processes at once, as a machine that hangs up does."""
        if self._process is None:
            return
        children = []
        if self.is_running:
            children = psutil.Process(self.pid).children(recursive=True)
        super().kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        deadline = time.monotonic() + 10
        while any(map(_lives, children)) and time.monotonic() < deadline:
            time.sleep(0.005)

    def reset(self) -> None:
        """Empty every table of every schema; the schemas stay."""
        done = subprocess.run(
            [self.find("psql"), "-v", "ON_ERROR_STOP=1", "-q", "-c", _EMPTY, self.url],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, stack)
        shutil.rmtree(self._home, ignore_errors=True)

    def _single(self, statement: str) -> None:
        """Run one statement without a server that listens."""
        command = [self.find(), "--single", "-D", str(self.directory), "postgres"]
        self._run(*command, stdin=f"{statement}\n")

    def _run(self, *command: str, stdin: str = "") -> None:
        done = subprocess.run(
            [*self._as_user(), *command],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self._home,
            check=False,
        )
        assert done.returncode == 0, f"{command[0]} failed:\n{done.stderr}"

    @staticmethod
    def _as_user() -> list[str]:
        """Return the words before a command that make it run as somebody whom Postgres accepts."""
        if os.geteuid() != 0:
            return []
        return ["setpriv", f"--reuid={_SYSTEM_USER}", f"--regid={_SYSTEM_USER}", "--init-groups"]


def _lives(process: psutil.Process) -> bool:
    """Whether a process still works; one that nobody has buried yet does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
