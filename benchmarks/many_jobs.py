"""A store as a busy system has it after a day, written in bulk and not by the acts of its jobs."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import psycopg

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.errors import JobError
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import submitted
from ergate_backends.postgres.rows import HISTORY_FIELDS, JOB_FIELDS
from ergate_backends.postgres.store import PostgresStore
from ergate_backends.postgres.target import Target
from ergate_backends.sqlite.rows import INSERT_HISTORY, INSERT_JOB, INSERT_READY, row_of
from ergate_backends.sqlite.store import SqliteStore

DAY_S = 86_400.0
STATUSES = {
    JobStatus.COMPLETED: 80_000,
    JobStatus.FAILED: 8_000,
    JobStatus.QUEUED: 6_000,
    JobStatus.SCHEDULED: 3_000,
    JobStatus.CANCELLED: 2_700,
    JobStatus.ABORTED: 250,
    JobStatus.RUNNING: 50,
}
WORKFLOWS = {"order": 60, "mail": 25, "report": 10, "import": 4.98, "rare": 0.02}
QUEUES = {"default": 70, "mails": 25, "slow": 4.98, "rare": 0.02}
WORKERS = tuple(f"worker-{number}" for number in range(5))
TRACE = "\n".join(f'  File "app/steps.py", line {line}, in charge' for line in range(20))
ERROR = JobError(type="ValueError", message="card refused", traceback=TRACE, step_name="pack")
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A job with its history."""

    job: JobRecord
    history: tuple[HistoryRow, ...]


def many_jobs(count: int) -> Iterator[Told]:
    """Yield jobs of the last day, the oldest first; the same ones whenever it is called."""
    dice = random.Random(count)
    now = time.time()
    statuses = dice.choices(list(STATUSES), list(STATUSES.values()), k=count)
    for number, status in enumerate(statuses):
        created_at = now - DAY_S * (count - number) / count
        yield _told(dice, number, status, created_at, now)


def _told(
    dice: random.Random, number: int, status: JobStatus, created_at: float, now: float
) -> Told:
    def one_of(shares: dict[str, float]) -> str:
        return dice.choices(list(shares), list(shares.values()))[0]

    queue = one_of(QUEUES)
    value = json.dumps({"number": number, "name": f"Customer {number}", "text": "lorem " * 40})
    job = JobRecord(
        id=f"job-{number:07d}",
        workflow_name=one_of(WORKFLOWS),
        queue=queue,
        home_queue=queue,
        step_name="charge",
        initial_input_value=value,
        created_at=created_at,
        updated_at=created_at,
    )
    first = submitted(job)
    if status is JobStatus.QUEUED:
        return Told(job, (first,))
    if status is JobStatus.SCHEDULED:
        later = replace(job, status=status, due_at=now + dice.uniform(1, DAY_S))
        return Told(later, (replace(first, status=status),))
    rows = [first, *_steps(job, dice, min(now, created_at + dice.expovariate(1 / 20)))]
    last = rows[-1]
    moved = replace(
        job,
        revision=last.revision + 1,
        seq=2,
        current_step=2,
        step_name="ship",
        steps_completed=2,
        percent_completed=66.0,
        last_return_value=value,
        updated_at=last.at,
    )
    if status is JobStatus.RUNNING:
        held = replace(moved, status=status, worker_id=dice.choice(WORKERS), claimed_at=last.at)
        return Told(replace(held, cancel_requested=number % 5 == 0), tuple(rows))
    at = last.at + dice.expovariate(1 / 5)
    ended = replace(moved, status=status, revision=last.revision + 2, finished_at=at, updated_at=at)
    if status in (JobStatus.FAILED, JobStatus.ABORTED):
        ended = replace(ended, error=ERROR.to_json())
    row = replace(last, revision=ended.revision, seq=2, event="ended", status=status, at=at)
    return Told(ended, (*rows, row))


def _steps(job: JobRecord, dice: random.Random, at: float) -> Iterator[HistoryRow]:
    for seq, step in enumerate(("charge", "pack")):
        yield replace(
            submitted(job),
            revision=3 + 2 * seq,
            event="applied",
            seq=seq,
            step_name=step,
            worker_id=dice.choice(WORKERS),
            claimed_at=at,
            at=at + seq,
            result=job.initial_input_value,
        )


def fill_sqlite(file: Path, jobs: Iterable[Told]) -> str:
    """Make a file with these jobs; return its address."""
    with closing(SqliteStore(file, SystemClock(), "off")) as store:
        store.migrate()
        store.heartbeat(_workers(), DAY_S)
        with closing(sqlite3.connect(file)) as tx, tx:
            for one in jobs:
                job = one.job
                ready_at = job.created_at if job.status is JobStatus.QUEUED else None
                tx.execute(INSERT_JOB, (*row_of(job), ready_at))
                tx.executemany(INSERT_HISTORY, map(astuple, one.history))
                if ready_at is not None:
                    tx.execute(INSERT_READY, (job.queue, 0, ready_at, job.id, job.revision, 0))
    return f"sqlite:///{file}"


def fill_postgres(url: str, jobs: Iterable[Told]) -> str:
    """Make the schema with these jobs; return its address."""
    told = list(jobs)
    with closing(PostgresStore(Target.of(Address.parse(url)), SystemClock())) as store:
        store.migrate()
        store.heartbeat(_workers(), DAY_S)
    all_ = [(number, one.job) for number, one in enumerate(told)]
    queued = [(n, job) for n, job in all_ if job.status is JobStatus.QUEUED]
    running = [job for _, job in all_ if job.status is JobStatus.RUNNING]
    with psycopg.connect(url, autocommit=True) as connection:
        _copy(connection, "jobs", (*JOB_FIELDS, "ready_n"), ((*row_of(job), n) for n, job in all_))
        _copy(
            connection,
            "history",
            HISTORY_FIELDS,
            (astuple(row) for one in told for row in one.history),
        )
        columns = ("queue", "priority", "n", "job_id", "revision", "alone", "ready_at")
        _copy(
            connection,
            "ready",
            columns,
            ((job.queue, 0, n, job.id, job.revision, False, job.created_at) for n, job in queued),
        )
        _copy(
            connection,
            "held",
            ("worker_id", "job_id"),
            ((job.worker_id, job.id) for job in running),
        )
        # As autovacuum does it on a server that lives for longer than a minute.
        connection.execute("VACUUM (ANALYZE) ergate.jobs")
    return url


def _copy(
    connection: psycopg.Connection, table: str, columns: tuple[str, ...], rows: Iterable[Row]
) -> None:
    order = f"COPY ergate.{table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(order.encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _workers() -> list[WorkerInfo]:
    return [
        WorkerInfo(worker_id=one, host="here", pid=number, started_at=time.time())
        for number, one in enumerate(WORKERS)
    ]
