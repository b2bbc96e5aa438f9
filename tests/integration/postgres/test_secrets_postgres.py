"""The password in an address is seen by the server, and by nobody else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from ergate.cli.main import app as cli
from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.errors import BackendError, BackendUnavailable, SettingsError
from ergate.testing.scene import Addresses, Scene
from ergate.testing.servers.base import ServerMissing, missing
from ergate.testing.servers.postgres import PostgresServer
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target

CANARY = "canary-7f3a"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    try:
        PostgresServer.find()
    except ServerMissing as exc:
        missing(exc)
    with PostgresServer(tmp_path / "postgres", password=CANARY) as server:
        yield server


@pytest.fixture
def wrong(server: PostgresServer) -> str:
    """An address with a password that the server does not take."""
    return f"postgresql://ergate:{CANARY}-wrong@127.0.0.1:{server.port}/ergate"


def chain(error: BaseException) -> str:
    """Return the texts of an error and of all its causes, as a traceback shows them."""
    texts: list[str] = []
    one: BaseException | None = error
    while one is not None:
        texts.append(f"{one!s} {one!r}")
        one = one.__cause__ or one.__context__
    return "\n".join(texts)


def test_the_right_password_opens_the_store(server: PostgresServer) -> None:
    with closing(PostgresStore(Target.of(Address.parse(server.url)), SystemClock())) as store:
        store.migrate()


def test_no_error_quotes_the_password(server: PostgresServer, wrong: str) -> None:
    with pytest.raises(BackendError, match=r"\*\*\*") as refused:
        PostgresStore(Target.of(Address.parse(wrong)), SystemClock())
    assert CANARY not in chain(refused.value)
    server.kill()
    with pytest.raises(BackendUnavailable, match=r"\*\*\*") as away:
        PostgresStore(Target.of(Address.parse(server.url)), SystemClock())
    assert CANARY not in chain(away.value)


@pytest.mark.parametrize(
    "command",
    [
        ["doctor"],
        ["doctor", "--json"],
        ["migrate"],
        ["jobs", "list"],
        ["queues", "list", "--json"],
        ["workers", "list"],
    ],
    ids=" ".join,
)
def test_no_command_prints_the_password(
    server: PostgresServer,
    command: list[str],
    work_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("ERGATE_QUEUE", server.url)
    with caplog.at_level(logging.DEBUG):
        shown = CliRunner().invoke(cli, command)
    assert CANARY not in shown.output + caplog.text
    server.kill()
    with caplog.at_level(logging.DEBUG):
        failed = CliRunner().invoke(cli, command)
    assert failed.exit_code != 0
    assert CANARY not in failed.output + caplog.text


def test_no_process_of_a_fleet_shows_the_password(server: PostgresServer, tmp_path: Path) -> None:
    with closing(Scene(Addresses(state_store=server.url), tmp_path)) as scene:
        (job_id,) = scene.submit("healthy", [1])
        # The test's own way of giving settings to the supervisor is its command line.
        fleet = scene.fleet(environ={"ERGATE_QUEUE": server.url}, state_store=None, queue=None)
        scene.wait_ended(job_id)
        workers = [psutil.Process(pid) for pid in fleet.wait_ready()]
        lines = [" ".join(one.cmdline()) for one in [*workers, psutil.Process(server.pid)]]
        server.kill()
        server.start()
        scene.wait_ended(*scene.submit("healthy", [2]))
        fleet.stop()
        assert [line for line in lines if CANARY in line] == []
        assert CANARY not in fleet.output()
        seen = [path for path in tmp_path.rglob("*.events") if CANARY in path.read_text()]
        assert seen == []


def test_an_address_that_cannot_be_read_is_not_quoted() -> None:
    address = Address.parse(f"postgresql://ergate:{CANARY}@host/db?nonsense=1")
    with pytest.raises(SettingsError) as refused:
        PostgresStore(Target.of(address), SystemClock())
    assert CANARY not in chain(refused.value)
