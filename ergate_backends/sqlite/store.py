"""The SQLite state store: every act is one transaction of one file."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ergate.clock import Clock
from ergate.contracts.activity import Activity
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate.contracts.feed import FeedInfo, FeedRow
from ergate.contracts.moving import Admitted, Traveller
from ergate.contracts.state_store import (
    DeadLetter,
    JobFilter,
    QueueStats,
    Settled,
    StateStore,
    StepTransaction,
    Swept,
    WorkerInfo,
)
from ergate.errors import JobNotFoundError, UsageError
from ergate.jobs.events import (
    CancelAsked,
    Delivered,
    Event,
    Postponed,
    RecoveryPolicy,
    RestartAsked,
    Settlement,
)
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection, submitted
from ergate_backends.sqlite import (
    asking,
    burying,
    claiming,
    defining,
    feeding,
    finding,
    measuring,
    moving,
    outbox,
    recovery,
    settling,
)
from ergate_backends.sqlite.database import Database
from ergate_backends.sqlite.lending import SqliteTransaction
from ergate_backends.sqlite.rows import (
    HISTORY_COLUMNS,
    INSERT_JOB,
    JOB_COLUMNS,
    history_of_row,
    insert_history,
    insert_ready,
    job_of,
    row_of,
)
from ergate_backends.sqlite.transition import select_job, transition

POLL_S = 0.004
"""How often an idle worker looks whether another process wrote: a few microseconds each time."""


class SqliteStore(StateStore):
    """Jobs in one SQLite file, for all processes of one machine."""

    capabilities = frozenset(
        {
            Capability.SHARED,
            Capability.DURABLE,
            Capability.TRANSACTIONAL_STEPS,
            Capability.ENQUEUE_IN_TRANSACTION,
            Capability.MOVE,
            Capability.FEEDS,
            Capability.DEFINITIONS,
            Capability.ACTIVITY,
        }
    )

    def __init__(self, path: Path, clock: Clock, synchronous: str = "full") -> None:
        self.level = Level.L2 if synchronous in ("full", "extra") else Level.L1
        self._clock = clock
        self._db = Database(path, synchronous)
        self._woken = threading.Event()
        self._last_moment = 0.0

    def migrate(self) -> None:
        self._db.migrate()

    def close(self) -> None:
        self._db.close()

    # --- accepting ------------------------------------------------------------------------------

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> Sequence[Ticket]:
        with self._db.write() as tx:
            ready = self._insert(tx, jobs, if_absent=if_absent)
        self._woken.set()
        return ready

    def submit_within(
        self, connection: object, jobs: Sequence[JobRecord], *, if_absent: bool = False
    ) -> Sequence[Ticket]:
        with self._db.others(connection) as tx:
            return self._insert(tx, jobs, if_absent=if_absent)

    def _insert(
        self, tx: sqlite3.Connection, jobs: Sequence[JobRecord], *, if_absent: bool
    ) -> list[Ticket]:
        ready: list[Ticket] = []
        now = self._moment(len(jobs))
        for number, job in enumerate(jobs):
            ready_at = now + number * 1e-6 if job.status is JobStatus.QUEUED else None
            if not tx.execute(INSERT_JOB, (*row_of(job), ready_at)).rowcount:
                if if_absent:
                    continue
                raise UsageError(f"There is a job with the id {job.id!r} already.")
            insert_history(tx, submitted(job))
            if ready_at is not None:
                insert_ready(tx, job, ready_at)
                ready.append(Ticket(job.id, job.revision, job.queue))
        return ready

    # --- the hot path ---------------------------------------------------------------------------

    def claim_ready(self, queues: Sequence[str], limit: int, worker_id: str) -> Sequence[JobRecord]:
        with self._db.read() as tx:  # the write lock is for those who have something to write
            if not claiming.has_ready(tx, queues):
                return []
        with self._db.write() as tx:
            return claiming.claim_ready(tx, queues, limit, worker_id, self._clock.now())

    def claim(self, tickets: Sequence[Ticket], worker_id: str) -> Sequence[JobRecord]:
        with self._db.write() as tx:
            return claiming.claim(tx, tickets, worker_id, self._clock.now())

    def wait_ready(self, queues: Sequence[str], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        seen = None
        while True:
            self._woken.clear()
            version = self._db.version()
            if version != seen:
                seen = version
                with self._db.read() as tx:
                    if claiming.has_ready(tx, queues):
                        return True
            left = deadline - time.monotonic()
            if left <= 0 or self._woken.wait(min(POLL_S, left)):
                return left > 0

    def wake(self) -> None:
        self._woken.set()

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        with self._db.write() as tx:
            settled = settling.settle(tx, settlements, self._moment(len(settlements)))
        if settled.ready:
            self._woken.set()
        return settled

    @contextmanager
    def transaction(self) -> Iterator[StepTransaction]:
        with self._db.lend() as connection:
            transaction = SqliteTransaction(connection, self._moment(1))
            try:
                yield transaction
            finally:
                transaction.take_back()
        self._woken.set()

    def held(self, worker_id: str) -> Mapping[str, int]:
        with self._db.read() as tx:
            query = "SELECT id, revision FROM jobs WHERE worker_id = ?"
            return dict(tx.execute(query, (worker_id,)).fetchall())

    def _moment(self, count: int) -> float:
        """Return the time now, later than any given before, with `count` microseconds kept free.

        Jobs wait in the order of their times, so two of this process must never be the same.
        Called under the write lock.
        """
        now = max(self._clock.now(), self._last_moment)
        self._last_moment = now + (count + 1) * 1e-6
        return now

    # --- the outbox -----------------------------------------------------------------------------

    def unpublished(self, limit: int, older_than_s: float) -> Sequence[Ticket]:
        until = max(self._clock.now(), self._last_moment) - older_than_s
        with self._db.read() as tx:
            return outbox.unpublished(tx, limit, until)

    def published(self, tickets: Sequence[Ticket]) -> None:
        now = self._clock.now()
        with self._db.write() as tx:
            outbox.published(tx, tickets, now)

    def republish(self, older_than_s: float, limit: int) -> int:
        with self._db.write() as tx:
            return outbox.republish(tx, self._clock.now() - older_than_s, limit)

    # --- life and death of workers --------------------------------------------------------------

    def heartbeat(self, workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        with self._db.write() as tx:
            return recovery.heartbeat(tx, workers, lease_s, self._clock.now())

    def retire(self, worker_id: str) -> None:
        with self._db.write() as tx:
            tx.execute("DELETE FROM workers WHERE worker_id = ?", (worker_id,))

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        with self._db.write() as tx:
            swept = recovery.recover(
                tx,
                worker_id,
                started,
                blame=blame,
                reason=reason,
                policy=policy,
                now=self._clock.now(),
            )
        self._woken.set()
        return swept

    def sweep(
        self, policy: RecoveryPolicy, *, limit: int = 500, dead_workers: Sequence[str] = ()
    ) -> Swept:
        # Leases are judged by the time of asking: a sweep that waits for the write lock must not
        # take from those whose heartbeats wait for it too.
        asked_at = self._clock.now()
        with self._db.read() as tx:
            if not dead_workers and not recovery.sweep_has_work(tx, asked_at):
                return Swept()
        with self._db.write() as tx:
            now = self._clock.now()
            swept = recovery.sweep(tx, policy, limit, dead_workers, asked_at=asked_at, now=now)
        if swept:
            self._woken.set()
        return swept

    # --- what people ask and order --------------------------------------------------------------

    def get(self, job_id: str) -> JobRecord | None:
        with self._db.read() as tx:
            return select_job(tx, job_id)

    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        with self._db.read() as tx:
            return finding.listed(tx, which, limit, offset)

    def count(self, which: JobFilter) -> Mapping[JobStatus, int]:
        with self._db.read() as tx:
            return finding.count(tx, which)

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        query = f"SELECT {HISTORY_COLUMNS} FROM history WHERE job_id = ? ORDER BY revision"
        with self._db.read() as tx:
            return [history_of_row(row) for row in tx.execute(query, (job_id,))]

    def cancel(self, job_id: str) -> JobRecord:
        return self._order(job_id, CancelAsked())

    def restart(self, job_id: str, event: RestartAsked) -> JobRecord:
        after = self._order(job_id, event)
        self._woken.set()
        return after

    def deliver(self, job_id: str, event: Delivered | Postponed) -> JobRecord:
        after = self._order(job_id, event)
        self._woken.set()
        return after

    def _order(self, job_id: str, event: Event) -> JobRecord:
        with self._db.write() as tx:
            before = select_job(tx, job_id)
            if before is None:
                raise JobNotFoundError(f"There is no job {job_id!r}. See `ergate jobs list`.")
            after = transition(tx, before, event, self._moment(1))
        if isinstance(after, Rejection):
            raise UsageError(f"Job {job_id} cannot do that: it is {after.reason}.")
        return after

    def prune(self, which: JobFilter, *, limit: int = 1000) -> int:
        clause, values = finding.where(which)
        query = f"SELECT id FROM jobs WHERE finished_at IS NOT NULL AND {clause} LIMIT ?"
        with self._db.write() as tx:
            ended = tx.execute(query, [*values, limit]).fetchall()
            tx.executemany("DELETE FROM history WHERE job_id = ?", ended)
            tx.executemany("DELETE FROM jobs WHERE id = ?", ended)
        return len(ended)

    def queues(self) -> Sequence[QueueStats]:
        with self._db.read() as tx:
            return asking.queues(tx)

    def purge(self, queue: str) -> int:
        query = (
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE queue = ? AND status IN ('queued', 'scheduled')"
        )
        with self._db.write() as tx:
            waiting = [job_of(row) for row in tx.execute(query, (queue,)).fetchall()]
            for before in waiting:
                transition(tx, before, CancelAsked(), self._clock.now())
        return len(waiting)

    def workers(self) -> Sequence[WorkerInfo]:
        with self._db.read() as tx:
            return asking.workers(tx)

    def activity(self, since: float, span_s: float, spans: int) -> Sequence[Activity]:
        with self._db.read() as tx:
            return measuring.activity(tx, since, span_s, spans)

    # --- dead letters ---------------------------------------------------------------------------

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        burying.bury(self._db, letters, self._clock.now())

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        return burying.newest(self._db, limit)

    def exhume(self, letter_id: str) -> DeadLetter | None:
        return burying.exhume(self._db, letter_id)

    # --- feeds ----------------------------------------------------------------------------------

    def feed(self, name: str, holder: str, limit: int, lease_s: float) -> Sequence[FeedRow] | None:
        return feeding.feed(self._db, name, holder, limit, lease_s, self._clock.now())

    def advance(self, name: str, rows: Sequence[FeedRow]) -> None:
        feeding.advance(self._db, rows)

    def feeds(self) -> Sequence[FeedInfo]:
        return feeding.feeds(self._db, self._clock.now())

    def drop_feed(self, name: str) -> bool:
        return feeding.drop(self._db, name)

    # --- definitions ----------------------------------------------------------------------------

    def define(self, definition: StoredDefinition) -> None:
        defining.define(self._db, definition, self._clock.now())

    def definition(
        self, kind: DefinitionKind, name: str, version: str | None = None
    ) -> StoredDefinition | None:
        return defining.get(self._db, kind, name, version)

    def definitions(self, kind: DefinitionKind) -> Sequence[StoredDefinition]:
        return defining.all_of(self._db, kind)

    def versions(
        self, kind: DefinitionKind, name: str, *, limit: int = 20
    ) -> Sequence[StoredDefinition]:
        return defining.versions(self._db, kind, name, limit)

    def undefine(self, kind: DefinitionKind, name: str) -> bool:
        return defining.undefine(self._db, kind, name)

    # --- moving to another store ----------------------------------------------------------------

    def depart(self, limit: int, destination: str) -> Sequence[Traveller]:
        with self._db.write() as tx:
            return moving.depart(tx, limit, destination, self._clock.now())

    def departed(self, limit: int, *, offset: int = 0) -> Sequence[Traveller]:
        with self._db.read() as tx:
            return moving.departed(tx, limit, offset)

    def admit(self, travellers: Sequence[Traveller]) -> Admitted:
        with self._db.write() as tx:
            admitted = moving.admit(tx, travellers, self._moment(len(travellers)))
        self._woken.set()
        return admitted

    def dismiss(self, departed: Mapping[str, int]) -> int:
        with self._db.write() as tx:
            return moving.dismiss(tx, departed)
