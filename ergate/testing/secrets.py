"""The suite of secrets: a password in an address is seen by the server, and by nobody else.

class TestMyServer(SecretsSuite):
    @pytest.fixture
    def server(self, tmp_path):
        with MyServer(tmp_path / "mine", password=CANARY) as server:
            yield server
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.errors import BackendError, BackendUnavailable
from ergate.testing.scene import Addresses, Scene
from ergate.testing.servers.base import Server

CANARY = "canary-7f3a"
"""The password that the suite looks for wherever something is shown."""

_SCRIPT = """
import json, logging, sys
from ergate.cli.main import app
logging.basicConfig(level=logging.DEBUG)
for command in json.loads(sys.argv[1]):
    try:
        app(command.split(), prog_name="ergate")
    except SystemExit as end:
        print(json.dumps({command: end.code}))
"""

Placed = Callable[[str], Addresses]


class SecretsSuite:
    """What must hold for a server that asks for a password."""

    commands: ClassVar[Sequence[str]] = (
        "doctor",
        "doctor --json",
        "migrate",
        "jobs list",
        "queues list --json",
        "workers list",
    )

    @pytest.fixture
    def server(self) -> Server:
        """A running server whose password is `CANARY`, and which belongs to this test alone."""
        raise NotImplementedError("Provide a fixture `server`.")

    @pytest.fixture
    def placed(self) -> Placed:
        """What the server is used for: returns the addresses with its URL at its place.

        The default makes it the state store. For a queue, name an empty store beside it.
        """
        return Addresses

    def test_no_error_quotes_the_password(self, server: Server, placed: Placed) -> None:
        _use(placed(server.url))
        wrong = server.url.replace(CANARY, f"{CANARY}-wrong")
        with pytest.raises(BackendError, match=r"\*\*\*") as refused:
            _use(placed(wrong))
        assert CANARY not in chain(refused.value)
        server.kill()
        with pytest.raises(BackendUnavailable, match=r"\*\*\*") as away:
            _use(placed(server.url))
        assert CANARY not in chain(away.value)

    def test_no_command_prints_the_password(
        self, server: Server, placed: Placed, tmp_path: Path
    ) -> None:
        """Neither do the log lines of our libraries, down to those for their developers."""
        addresses = placed(server.url)
        shown, codes = _run(self.commands, addresses, tmp_path)
        assert CANARY not in shown
        assert set(codes.values()) == {0}
        server.kill()
        failed, codes = _run(self.commands, addresses, tmp_path)
        assert CANARY not in failed
        # What only asks the store goes on without the queue.
        asking = self.commands if addresses.queue is None else ("doctor", "doctor --json")
        assert [command for command in asking if codes[command] == 0] == []

    def test_no_process_of_a_fleet_shows_the_password(
        self, server: Server, placed: Placed, tmp_path: Path
    ) -> None:
        addresses = placed(server.url)
        with closing(Scene(addresses, tmp_path)) as scene:
            (job_id,) = scene.submit("healthy", [1])
            # The test's own way of giving settings to the supervisor is its command line.
            fleet = scene.fleet(environ=_variables(addresses), state_store=None, queue=None)
            scene.wait_ended(job_id)
            workers = [psutil.Process(pid) for pid in fleet.wait_ready()]
            lines = [" ".join(one.cmdline()) for one in [*workers, psutil.Process(server.pid)]]
            server.flush()
            server.kill()
            server.start()
            scene.wait_ended(*scene.submit("healthy", [2]))
            fleet.stop()
            assert [line for line in lines if CANARY in line] == []
            assert CANARY not in fleet.output()
            seen = [path for path in tmp_path.rglob("*.events") if CANARY in path.read_text()]
            assert seen == []


def chain(error: BaseException) -> str:
    """Return the texts of an error and of all its causes, as a traceback shows them."""
    texts: list[str] = []
    one: BaseException | None = error
    while one is not None:
        texts.append(f"{one!s} {one!r}")
        one = one.__cause__ or one.__context__
    return "\n".join(texts)


def _use(addresses: Addresses) -> None:
    """Open both halves, and ask each for something."""
    broker = open_broker(addresses.queue, addresses.state_store)
    assert isinstance(broker, Broker), "the suite needs a full state store"
    with closing(broker):
        broker.claim(["default"], 1, 0.0, "nobody")


def _variables(addresses: Addresses) -> dict[str, str]:
    return {f"ERGATE_{name.upper()}": str(value) for name, value in addresses.flags.items()}


def _run(
    commands: Sequence[str], addresses: Addresses, directory: Path
) -> tuple[str, dict[str, int]]:
    """Run all in one process; return what it printed, and the exit code of each command."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(commands)],
        cwd=directory,
        env=os.environ | _variables(addresses),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    codes: dict[str, int] = {}
    for line in done.stdout.splitlines():
        if line.startswith('{"') and line.endswith("}"):
            codes |= json.loads(line)
    return done.stdout, {command: codes[command] for command in commands}
