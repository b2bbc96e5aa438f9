"""Whatever a step raises or returns, its job ends with a reason and the worker goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, NoReturn

import pytest

from ergate import CurrentJob, Ergate, ErgateSignal, Job, Workflow
from ergate.brokers.broker import Labels
from ergate.brokers.native import NativeBroker
from ergate.client import Client, Wish
from ergate.clock import SystemClock
from ergate.contracts.state_store import JobFilter
from ergate.jobs.codec import Limits
from ergate.jobs.errors import JobError
from ergate.jobs.status import JobStatus
from ergate.testing.checker import aftermath_of, violations
from ergate.testing.fleet import eventually
from ergate_backends.sqlite.store import SqliteStore
from tests.integration.inline import quick_settings, running


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Endless(Exception):
    """A chain of causes that bites its tail."""

    def __init__(self) -> None:
        super().__init__("endless")
        other = ValueError("other")
        self.__cause__, other.__cause__ = other, self


def _raise(exc: BaseException) -> NoReturn:
    raise exc


def _deep() -> Any:
    value: list[Any] = []
    for _ in range(100):
        value = [value]
    return value


def _recurse() -> None:
    _recurse()


HOSTILE: dict[str, tuple[Any, str]] = {
    "exits": (lambda: sys.exit(3), "SystemExit"),
    "interrupts": (lambda: _raise(KeyboardInterrupt()), "KeyboardInterrupt"),
    "ends a generator": (lambda: _raise(GeneratorExit()), "GeneratorExit"),
    "raises a base exception": (lambda: _raise(BaseException("base")), "base"),
    "cannot say what is wrong": (lambda: _raise(Unspeakable()), "Unspeakable"),
    "raises in a circle": (lambda: _raise(Endless()), "endless"),
    "recurses": (_recurse, "RecursionError"),
    "raises half a character": (lambda: _raise(ValueError("\ud800")), "ValueError"),
    "raises a null": (lambda: _raise(ValueError("a\0b")), "ValueError"),
    "raises a megabyte": (lambda: _raise(ValueError("x" * 2**20)), "ValueError"),
    "returns an object": (object, "PayloadError"),
    "returns NaN": (lambda: float("nan"), "PayloadError"),
    "returns half a character": (lambda: "\ud800", "PayloadError"),
    "returns two megabytes": (lambda: "x" * 2**21, "PayloadError"),
    "returns a hundred levels": (_deep, "PayloadError"),
    "runs out of memory": (lambda: bytearray(2**60), "MemoryError"),
}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NativeBroker]:
    store = SqliteStore(tmp_path / "jobs.db", SystemClock(), synchronous="off")
    store.migrate()
    with closing(NativeBroker(store, Labels("q", "s"))) as broker:
        yield broker


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_no_step_can_take_its_worker_down(broker: NativeBroker, is_async: bool) -> None:
    app = Ergate()
    hostile = Workflow("hostile")

    def act(which: str) -> Any:
        return HOSTILE[which][0]()

    async def aact(which: str) -> Any:
        return HOSTILE[which][0]()

    hostile.step(aact if is_async else act)
    app.register_workflow(hostile)
    client = Client(broker, Job, Limits(), app.registry)
    jobs = {which: str(client.enqueue("hostile", which, Wish()).id) for which in HOSTILE}
    with running(app, broker, quick_settings(concurrency=2)):
        eventually(
            "all jobs have failed",
            lambda: broker.store.count(JobFilter()) == {JobStatus.FAILED: len(jobs)},
            20,
        )
    for which, job_id in jobs.items():
        record = broker.store.get(job_id)
        assert record is not None
        assert record.error is not None
        error = JobError.from_json(record.error)
        assert HOSTILE[which][1] in f"{error.type}: {error.message}", which
        assert len(record.error) < 100_000
    assert violations(aftermath_of(broker.store), accepted=jobs.values()) == []


def test_a_receiver_of_signals_that_raises_changes_nothing(broker: NativeBroker) -> None:
    app = Ergate()
    calls: list[str] = []
    simple = Workflow("simple")

    @simple.step
    def step(n: int) -> int:
        if n < 0:
            raise ValueError(n)
        return n

    app.register_workflow(simple)

    def connect(moment: ErgateSignal) -> None:
        @app.signal(moment)
        def told() -> None:
            calls.append(moment)
            raise RuntimeError("the receiver fails")

    for moment in ErgateSignal:
        connect(moment)
    client = Client(broker, Job, Limits(), app.registry)
    good, bad = (str(client.enqueue("simple", n, Wish()).id) for n in (1, -1))
    with running(app, broker):
        eventually("both have ended", lambda: _ended(broker, good, bad))
    assert _ended(broker, good, bad) == [JobStatus.COMPLETED, JobStatus.FAILED]
    assert calls == [
        "worker_start",
        "job_run_start",
        "job_run_end",
        "job_run_start",
        "job_run_fail",
        "job_run_end",
        "worker_stop",
    ]


def _ended(broker: NativeBroker, *ids: str) -> list[JobStatus]:
    records = [broker.store.get(job_id) for job_id in ids]
    found = [record.status for record in records if record is not None]
    return found if all(status.is_final for status in found) else []


def test_a_step_that_starts_threads_and_leaves_them_running_ends_all_the_same(
    broker: NativeBroker,
) -> None:
    app = Ergate()
    release = threading.Event()
    spawning = Workflow("spawning")

    @spawning.step
    def spawn(job: Annotated[Job, CurrentJob()]) -> str:
        threading.Thread(target=release.wait, daemon=True).start()
        return job.idempotency_key

    app.register_workflow(spawning)
    client = Client(broker, Job, Limits(), app.registry)
    job_id = str(client.enqueue("spawning", None, Wish()).id)
    with running(app, broker):
        eventually("it has ended", lambda: _ended(broker, job_id))
    release.set()
    assert _ended(broker, job_id) == [JobStatus.COMPLETED]
