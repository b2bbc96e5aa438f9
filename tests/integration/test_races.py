"""Many threads order the same jobs about at once; each job has one story in the end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ergate.clock import SystemClock
from ergate.contracts.state_store import JobFilter, StateStore, WorkerInfo
from ergate.errors import UsageError
from ergate.jobs.events import (
    Advanced,
    Completed,
    Failed,
    Outcome,
    RecoveryPolicy,
    Released,
    RestartAsked,
    Retried,
    Settlement,
)
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.checker import aftermath_of, violations
from ergate.testing.fleet import eventually
from ergate_backends.memory.store import MemoryStore
from ergate_backends.sqlite.store import SqliteStore

JOBS = 150
POLICY = RecoveryPolicy(max_deliveries=4, pause_initial_s=0.001, pause_max_s=0.002)
AGAIN = RestartAsked(0, "first", 0, 0.0, "default", "1")


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[StateStore]]:
    """Two handles on one store, where there can be two."""
    if request.param == "memory":
        with closing(MemoryStore(SystemClock())) as only:
            yield [only, only]
        return
    path = tmp_path / "jobs.db"
    with closing(SqliteStore(path, SystemClock(), synchronous="off")) as one:
        one.migrate()
        with closing(SqliteStore(path, SystemClock(), synchronous="off")) as other:
            yield [one, other]


class Crowd:
    """Threads that each do their own thing to the same jobs until told to stop."""

    def __init__(self, stores: list[StateStore]) -> None:
        self.stores = stores
        self.is_over = threading.Event()
        self.errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self.workers: set[str] = set()

    def add(self, act: Callable[[StateStore, random.Random], None]) -> None:
        number = len(self._threads)

        def repeat() -> None:
            chance = random.Random(number)
            try:
                while not self.is_over.is_set():
                    act(self.stores[number % 2], chance)
            except BaseException as exc:
                self.errors.append(exc)

        self._threads.append(threading.Thread(target=repeat, daemon=True))

    def run(self, until: Callable[[], bool]) -> None:
        for thread in self._threads:
            thread.start()
        eventually("the crowd has done its work", lambda: until() or self.errors, 60)
        self.is_over.set()
        for thread in self._threads:
            thread.join(20)
        assert self.errors == []
        assert not any(thread.is_alive() for thread in self._threads)


def _outcome(claim: JobRecord, chance: random.Random) -> Outcome:
    if claim.seq >= 2:
        return Completed(f"{claim.seq}")
    advanced = Advanced(f"{claim.seq}", claim.seq + 1, "next", "default", 10.0)
    others: list[Outcome] = [advanced, Retried("{}", 0.001), Released(), Failed("{}")]
    return chance.choices(others, [80, 10, 8, 2])[0]


def _work(worker_id: str) -> Callable[[StateStore, random.Random], None]:
    info = WorkerInfo(worker_id=worker_id, host="h", pid=1, started_at=0.0)

    def work(store: StateStore, chance: random.Random) -> None:
        store.heartbeat([info], 0.05)
        claims = store.claim_ready(["default"], chance.randint(1, 5), worker_id)
        if chance.random() < 0.1:
            return  # as if it had died: the lease does the rest
        settlements = [
            Settlement(claim.id, worker_id, claim.revision, _outcome(claim, chance))
            for claim in claims
        ]
        store.settle(settlements)
        if chance.random() < 0.2:
            store.settle(settlements)  # the answer was lost, it is sent again

    return work


def _sweep(store: StateStore, _: random.Random) -> None:
    store.sweep(POLICY)


def _recover(store: StateStore, chance: random.Random) -> None:
    """A supervisor that believes a worker dead, rightly or not."""
    worker_id = f"worker-{chance.randint(0, 2)}"
    held = store.held(worker_id)
    started = {job_id: held[job_id] for job_id in list(held)[:1]}
    blame = chance.random() < 0.5
    if chance.random() < 0.05:
        store.recover(worker_id, started, blame=blame, reason="killed", policy=POLICY)


def _cancel(store: StateStore, chance: random.Random) -> None:
    if chance.random() < 0.02:
        with suppress(UsageError):  # it has ended
            store.cancel(f"job-{chance.randrange(JOBS)}")


def _restart(store: StateStore, chance: random.Random) -> None:
    """Start again what was cancelled or failed before its first step was applied."""
    job = store.get(f"job-{chance.randrange(JOBS)}")
    if job is not None and job.status.is_final and job.seq == 0:
        with suppress(UsageError):  # somebody else was first
            store.restart(job.id, AGAIN)


def test_in_a_crowd_of_workers_sweepers_cancellers_and_killers_each_job_has_one_story(
    stores: list[StateStore],
) -> None:
    store = stores[0]
    ids = [f"job-{number}" for number in range(JOBS)]
    store.submit([JobRecord(id=job_id, workflow_name="w") for job_id in ids])
    crowd = Crowd(stores)
    for number in range(3):
        crowd.add(_work(f"worker-{number}"))
    for act in (_sweep, _recover, _cancel, _restart, _sweep):
        crowd.add(act)

    def all_have_ended() -> bool:
        counts = store.count(JobFilter())
        return all(status.is_final for status in counts)

    crowd.run(until=all_have_ended)
    aftermath = aftermath_of(store)
    assert violations(aftermath, accepted=ids) == []
    statuses = {job.status for job in aftermath.jobs.values()}
    events = {row.event for rows in aftermath.history.values() for row in rows}
    assert JobStatus.COMPLETED in statuses
    assert {"applied", "retried", "released", "recovered", "due"} <= events
