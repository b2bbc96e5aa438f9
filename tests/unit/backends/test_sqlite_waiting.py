"""What waits for SQLite's write lock, and what may happen meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.events import RecoveryPolicy
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing import FakeClock
from ergate.testing.fleet import eventually
from ergate_backends.sqlite.store import SqliteStore


def test_a_sweep_that_waited_for_the_lock_takes_nothing_from_those_who_waited_with_it(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    now = clock.now()
    with closing(SqliteStore(tmp_path / "jobs.db", clock)) as store:
        store.migrate()
        due = JobRecord(id="due", workflow_name="w", status=JobStatus.SCHEDULED, due_at=now)
        store.submit([JobRecord(id="held", workflow_name="w"), due])
        store.heartbeat([WorkerInfo(worker_id="w", host="h", pid=1, started_at=0.0)], 10)
        store.claim_ready(["default"], 1, "w")
        with closing(sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            sweeper = threading.Thread(target=store.sweep, args=(RecoveryPolicy(),))
            sweeper.start()
            eventually("the sweep waits", lambda: _is_writing(store), 10)
            clock.advance(11)
            other.execute("ROLLBACK")
        sweeper.join(10)
        held, came_due = store.get("held"), store.get("due")
        assert held is not None
        assert came_due is not None
        assert (held.status, came_due.status) == (JobStatus.RUNNING, JobStatus.QUEUED)


def _is_writing(store: SqliteStore) -> bool:
    lock = store._db._write_lock
    if lock.acquire(blocking=False):
        lock.release()
        return False
    return True
