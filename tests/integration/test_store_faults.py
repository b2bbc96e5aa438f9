"""A state store that fails: refused calls, lost answers, locks, full disks, alien files."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import psutil
import pytest

from ergate import Ergate, Job, Workflow
from ergate.brokers.broker import Broker, Labels
from ergate.brokers.native import NativeBroker
from ergate.brokers.opening import open_broker
from ergate.brokers.relayed import RelayedBroker
from ergate.client import Client, Wish
from ergate.clock import SystemClock
from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import BackendUnavailable, SchemaError
from ergate.jobs.codec import Limits
from ergate.jobs.status import JobStatus
from ergate.testing.checker import aftermath_of, violations
from ergate.testing.fleet import eventually
from ergate.testing.scene import Scene
from ergate.worker import settler, worker
from ergate.worker.events import Trouble, WorkerDead, WorkerStarted
from ergate_backends.memory.queue import MemoryQueue
from ergate_backends.memory.store import MemoryStore
from ergate_backends.sqlite.store import SqliteStore
from tests.integration.faulty_store import make_faulty
from tests.integration.inline import quick_settings, running

LABELS = Labels("a queue", "a store")


@pytest.fixture
def app() -> Ergate[Job]:
    app = Ergate()
    chain = Workflow("chain")
    for name in ("first", "second", "third"):
        chain.step(name=name)(_add_one)
    app.register_workflow(chain)
    return app


def _add_one(n: int) -> int:
    return n + 1


def _native(store: StateStore) -> Broker:
    return NativeBroker(store, LABELS)


def _relayed(store: StateStore) -> Broker:
    return RelayedBroker(
        MemoryQueue(), store, LABELS, Limits(), republish_after_s=0.2, relay_after_s=0.1
    )


@pytest.mark.parametrize("tie", [_native, _relayed])
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
@pytest.mark.parametrize("seed", [1, 2])
def test_refused_calls_and_lost_answers_lose_nothing_and_apply_nothing_twice(
    app: Ergate[Job],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tie: Callable[[StateStore], Broker],
    backend: str,
    seed: int,
) -> None:
    monkeypatch.setattr(worker, "PAUSE_FIRST_S", 0.002)
    monkeypatch.setattr(worker, "PAUSE_MAX_S", 0.01)
    monkeypatch.setattr(settler, "PAUSE_FIRST_S", 0.002)
    monkeypatch.setattr(settler, "PAUSE_MAX_S", 0.01)
    store: StateStore = MemoryStore(SystemClock())
    if backend == "sqlite":
        store = SqliteStore(tmp_path / "jobs.db", SystemClock(), synchronous="off")
    store.migrate()
    faults = make_faulty(store, 0.0, seed)
    with closing(tie(store)) as broker:
        client = Client(broker, Job, Limits(), app.registry)
        ids = [f"job-{n}" for n in range(200)]
        settings = quick_settings(concurrency=2, max_deliveries=50)
        with running(app, broker, settings):
            faults.rate = 0.35
            for n, job_id in enumerate(ids):
                _insist(client, n, job_id)
            eventually(
                "all jobs are completed",
                lambda: store.count(JobFilter()) == {JobStatus.COMPLETED: len(ids)},
                60,
            )
            faults.rate = 0.0
        assert violations(aftermath_of(store), accepted=ids) == []
        assert len(faults.lost_answers) > 10
        lost = set(faults.lost_answers)
        assert {"submit", "settle"} < lost
        assert lost & {"claim", "claim_ready"}


def _insist(client: Client[Job], n: int, job_id: str) -> None:
    while True:
        try:
            client.enqueue("chain", n, Wish(id=job_id))
        except BackendUnavailable:
            continue
        return


# --- locks ----------------------------------------------------------------------------------------


@contextmanager
def locked(scene: Scene) -> Iterator[None]:
    """Hold SQLite's write lock, as another program may."""
    with closing(sqlite3.connect(scene.directory / "jobs.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("locked_s", [2.0, 3.5])
def test_a_database_that_was_locked_for_a_while_costs_nobody_a_job(
    scene: Scene, locked_s: float
) -> None:
    """Also longer than the lease of two seconds: whoever could not renew may not take either."""
    gated = scene.submit("gated", ["g"] * 2)
    healthy = scene.submit("healthy", range(200))
    fleet = scene.fleet(processes=2, concurrency=2)
    eventually("both run", lambda: all(scene.runs_of(job_id) for job_id in gated))
    with locked(scene):
        until = time.monotonic() + locked_s
        eventually("the lock was held", lambda: time.monotonic() > until)
    scene.wait_ended(*healthy)
    scene.open_gate("g")
    jobs = scene.wait_ended()
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    assert fleet.events(WorkerDead) == []
    fleet.stop()
    scene.check(most_repeats=0)


# --- disks ----------------------------------------------------------------------------------------


def test_a_file_that_cannot_grow_is_told_and_work_goes_on_when_it_can(scene: Scene) -> None:
    """By a limit on the size of files that is set on the running processes, and lifted."""
    scene.submit("healthy", range(20))
    fleet = scene.fleet()
    (worker_pid,) = fleet.wait_ready()
    scene.wait_ended()
    processes = [psutil.Process(pid) for pid in (worker_pid, fleet.process.pid)]
    size = (scene.directory / "jobs.db-wal").stat().st_size
    for process in processes:
        process.rlimit(psutil.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    scene.submit("healthy", range(50))
    told = eventually("the trouble is told", lambda: _told(fleet.events(Trouble)))
    assert "disk" in told[0]
    for process in processes:
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    jobs = scene.wait_ended()
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    assert [event["pid"] for event in fleet.events(WorkerStarted)] == [worker_pid]
    fleet.stop()
    scene.check()


def _told(events: list[dict[str, str]]) -> list[str]:
    return [event["what"] for event in events if event["worker_id"]]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    place = tmp_path / "small"
    place.mkdir()
    if shutil.which("mount") is None or os.getuid() != 0:
        pytest.skip("needs root, to mount a file system of its own")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let root mount anything")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_and_accepts_again_when_there_is_space(
    app: Ergate[Job], small_disk: Path
) -> None:
    with closing(_open(small_disk / "jobs.db")) as broker:
        client = Client(broker, Job, Limits(), app.registry)
        ids = [client.enqueue("chain", 1, Wish()).id]
        filler = small_disk / "filler"
        with running(app, broker):
            with (
                filler.open("ab", buffering=0) as file,
                pytest.raises(BackendUnavailable, match="Free some"),
            ):
                _enqueue_while_filling(client, ids, file, small_disk)
            filler.unlink()
            eventually(
                "all jobs are completed",
                lambda: broker.store.count(JobFilter()) == {JobStatus.COMPLETED: len(ids)},
            )
        assert violations(aftermath_of(broker.store), accepted=map(str, ids)) == []


def _enqueue_while_filling(
    client: Client[Job], ids: list[object], file: IO[bytes], disk: Path
) -> None:
    for _ in range(1000):
        with contextlib.suppress(OSError):
            file.write(b"x" * shutil.disk_usage(disk).free)
            file.flush()
        ids.append(client.enqueue("chain", 1, Wish()).id)


def test_a_read_only_directory_is_told_at_once(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(BackendUnavailable, match="Check the directory and its permissions"):
        _open(small_disk / "jobs.db")


# --- files of other kinds -------------------------------------------------------------------------


def _open(path: Path) -> Broker:
    broker = open_broker(None, f"sqlite:///{path}")
    assert isinstance(broker, Broker)
    return broker


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 100)
    with pytest.raises(SchemaError, match=r"notes\.txt: file is not a database"):
        _open(path)
    assert path.read_text() == "Dear diary, " * 100


def test_a_database_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(SchemaError, match="did not make"):
        _open(path)
    assert path.read_bytes() == before


def test_a_database_of_a_newer_schema_stops_the_run_with_a_clear_word(scene: Scene) -> None:
    with closing(sqlite3.connect(scene.directory / "jobs.db")) as newer:
        newer.execute("PRAGMA user_version = 99")
    fleet = scene.fleet()
    assert fleet.wait() == SchemaError.exit_code
    assert "schema version 99" in fleet.output()
    assert "Upgrade Ergate" in fleet.output()
    assert "Traceback" not in fleet.output()


def test_a_directory_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="Check the directory"):
        _open(tmp_path)
