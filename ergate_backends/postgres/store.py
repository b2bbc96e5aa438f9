"""The Postgres state store: every act is one statement, or one short transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

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
from ergate.jobs.transitions import Rejection
from ergate_backends.postgres import asking, finding, migrating, recovery, settling
from ergate_backends.postgres.accepting import Accepting
from ergate_backends.postgres.acts import Acts, arrays
from ergate_backends.postgres.connection import LONG_ANSWER_S
from ergate_backends.postgres.defining import Definitions
from ergate_backends.postgres.durability import level_of
from ergate_backends.postgres.feeding import Feeds
from ergate_backends.postgres.lending import Lender
from ergate_backends.postgres.letters import Letters
from ergate_backends.postgres.moving import Moving
from ergate_backends.postgres.notices import Caller, Listener, ready_channel
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.rows import history_of_row, job_of, storable, tickets_json
from ergate_backends.postgres.statements import Statements
from ergate_backends.postgres.target import Target
from ergate_backends.postgres.transition import Locked, lock, transit

LOOK_S = 1.0
"""How often a waiting worker looks although nobody called."""
LOOK_UNCALLED_S = 0.25
"""The same where calls cannot be heard (`?notify=off`)."""
BATCH = 5000
"""The most jobs that one statement takes."""


class PostgresStore(StateStore):
    """Jobs in one schema of a Postgres database, for workers on any number of machines."""

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
    level: Level

    def __init__(self, target: Target, clock: Clock) -> None:
        self._target = target
        self._pool = Pool(target)
        self._acts = Acts(self._pool, Statements(target.schema), clock)
        self._accepting = Accepting(self._acts, target)
        self._letters = Letters(self._acts)
        self._feeds = Feeds(self._acts)
        self._moving = Moving(self._acts)
        self._definitions = Definitions(self._acts)
        self._lender = Lender(self._acts, target)
        self._caller = Caller(self._pool, ready_channel(target))
        self._listener = Listener(target, ready_channel(target))
        self._is_idle = False
        """Whether the last claim brought nothing: then a look comes first, as it costs a tenth."""
        self._quiet_queues: tuple[str, ...] = ()
        self._quiet_until = 0.0
        with self._pool.use() as connection:
            self.level = level_of(connection)

    def migrate(self) -> None:
        migrating.migrate(self._pool, self._target.schema)

    def close(self) -> None:
        self._caller.close()
        self._listener.close()
        self._lender.close()
        self._pool.close()

    def _call(self, queues: Iterable[str]) -> None:
        self._quiet_queues = ()
        if self._target.notify:
            self._caller.call(queues)

    # --- accepting ------------------------------------------------------------------------------

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> Sequence[Ticket]:
        if not jobs:
            return []
        tickets = self._accepting.submit(jobs, if_absent=if_absent)
        self._call(ticket.queue for ticket in tickets)
        return tickets

    def submit_within(
        self, connection: object, jobs: Sequence[JobRecord], *, if_absent: bool = False
    ) -> Sequence[Ticket]:
        return self._accepting.submit_within(connection, jobs, if_absent=if_absent) if jobs else []

    # --- the hot path ---------------------------------------------------------------------------

    def claim_ready(self, queues: Sequence[str], limit: int, worker_id: str) -> Sequence[JobRecord]:
        if not queues or limit <= 0 or (self._is_idle and not self._may_have_ready(queues)):
            return []
        rows = self._acts.ask(
            "claim_ready",
            queues=arrays([storable(queue) for queue in queues]),
            limit=limit,
            worker_id=storable(worker_id),
        )
        self._is_idle = not rows
        return [job_of(row[1:]) for row in sorted(rows)]

    def claim(self, tickets: Sequence[Ticket], worker_id: str) -> Sequence[JobRecord]:
        if not tickets:
            return []
        rows = self._acts.ask("claim", tickets=tickets_json(tickets), worker_id=storable(worker_id))
        return [job_of(row[1:]) for row in sorted(rows)]

    def wait_ready(self, queues: Sequence[str], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        look_s = LOOK_S if self._target.notify else LOOK_UNCALLED_S
        if self._listener.attend() and self._has_ready(queues):
            return True
        while True:
            left_s = max(0.0, deadline - time.monotonic())
            heard = self._listener.wait(queues, min(look_s, left_s))
            if heard != "nothing" or left_s <= look_s:
                self._quiet_queues = tuple(queues) if heard == "nothing" else ()
                return heard == "call"
            if self._has_ready(queues):
                return True

    def _may_have_ready(self, queues: Sequence[str]) -> bool:
        """Look, unless nobody has called since a wait for the same queues ended in vain.

        A hundred idle workers that all look twice a second cost the server more than their wages.
        """
        is_quiet = self._quiet_queues == tuple(queues) and time.monotonic() < self._quiet_until
        if is_quiet and self._listener.hears(queues) is False:
            return False
        return self._has_ready(queues)

    def _has_ready(self, queues: Sequence[str]) -> bool:
        self._quiet_until = time.monotonic() + LOOK_S
        query = "SELECT 1 FROM {schema}.ready WHERE queue = ANY (%(queues)s::text[]) LIMIT 1"
        names = arrays([storable(queue) for queue in queues])
        return bool(self._acts.ask_text(self._acts.sql.of(query), queues=names))

    def wake(self) -> None:
        self._listener.wake()

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        if not settlements:
            return Settled()
        settled = settling.settle(self._acts, settlements)
        self._call(ticket.queue for ticket in settled.ready)
        return settled

    @contextmanager
    def transaction(self) -> Iterator[StepTransaction]:
        with self._lender.lend() as transaction:
            yield transaction
        self._call(ticket.queue for ticket in transaction.settled.ready)

    def held(self, worker_id: str) -> Mapping[str, int]:
        query = (
            "SELECT jobs.id, jobs.revision FROM {schema}.held JOIN {schema}.jobs "
            "ON jobs.id = held.job_id WHERE held.worker_id = %(worker_id)s"
        )
        rows = self._acts.ask_text(self._acts.sql.of(query), worker_id=storable(worker_id))
        return dict(rows)

    # --- the outbox -----------------------------------------------------------------------------

    def unpublished(self, limit: int, older_than_s: float) -> Sequence[Ticket]:
        rows = self._acts.ask("unpublished", limit=limit, older_than_s=older_than_s)
        return [Ticket(*row) for row in rows]

    def published(self, tickets: Sequence[Ticket]) -> None:
        if tickets:
            self._acts.ask("published", tickets=tickets_json(tickets))

    def republish(self, older_than_s: float, limit: int) -> int:
        return len(self._acts.ask("republish", older_than_s=older_than_s, limit=limit))

    # --- life and death of workers --------------------------------------------------------------

    def heartbeat(self, workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        return recovery.heartbeat(self._acts, workers, lease_s) if workers else []

    def retire(self, worker_id: str) -> None:
        recovery.retire(self._acts, worker_id)

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        swept, ready = recovery.recover(
            self._acts, worker_id, started, blame=blame, reason=reason, policy=policy
        )
        self._call(job.queue for job in ready)
        return swept

    def sweep(
        self, policy: RecoveryPolicy, *, limit: int = 500, dead_workers: Sequence[str] = ()
    ) -> Swept:
        swept, ready = recovery.sweep(self._acts, policy, limit, dead_workers)
        self._call(job.queue for job in ready)
        return swept

    # --- what people ask and order --------------------------------------------------------------

    def get(self, job_id: str) -> JobRecord | None:
        query = self._acts.sql.of("SELECT {job_columns} FROM {schema}.jobs WHERE id = %(id)s")
        rows = self._acts.ask_text(query, id=storable(job_id))
        return job_of(rows[0]) if rows else None

    def get_many(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        return asking.get_many(self._acts, job_ids)

    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        return finding.listed(self._acts, which, limit, offset)

    def count(self, which: JobFilter) -> Mapping[JobStatus, int]:
        return finding.count(self._acts, which)

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        query = self._acts.sql.of(
            "SELECT {history_columns} FROM {schema}.history WHERE job_id = %(id)s ORDER BY revision"
        )
        return [history_of_row(row) for row in self._acts.ask_text(query, id=storable(job_id))]

    def cancel(self, job_id: str) -> JobRecord:
        return self._order(job_id, CancelAsked())

    def restart(self, job_id: str, event: RestartAsked) -> JobRecord:
        after = self._order(job_id, event)
        self._call([after.queue])
        return after

    def deliver(self, job_id: str, event: Delivered | Postponed) -> JobRecord:
        after = self._order(job_id, event)
        if isinstance(event, Delivered):
            self._call([after.queue])
        return after

    def _order(self, job_id: str, event: Event) -> JobRecord:
        with self._pool.use() as connection, connection.transaction():
            locked = lock(self._acts, connection, [job_id])
            if not locked.jobs:
                raise JobNotFoundError(f"There is no job {job_id!r}. See `ergate jobs list`.")
            (after,) = transit(self._acts, connection, locked, [(locked.jobs[0], event)])
        if isinstance(after, Rejection):
            raise UsageError(f"Job {job_id} cannot do that: it is {after.reason}.")
        return after

    def prune(self, which: JobFilter, *, limit: int = 1000) -> int:
        condition, values = finding.where(which)
        query = self._acts.sql.variant("prune", filter=condition)
        ((deleted,),) = self._acts.ask_text(query, answer_s=LONG_ANSWER_S, limit=limit, **values)
        return int(deleted)

    def queues(self) -> Sequence[QueueStats]:
        return asking.queues(self._acts)

    def purge(self, queue: str) -> int:
        purged = 0
        while cancelled := self._purge_some(queue):
            purged += cancelled
        return purged

    def _purge_some(self, queue: str) -> int:
        with self._pool.use(LONG_ANSWER_S) as connection, connection.transaction():
            rows = self._acts.on(connection, "lock_waiting", queue=storable(queue), limit=BATCH)
            locked = Locked.of(rows)
            events = [(job, CancelAsked()) for job in locked.jobs]
            return len(transit(self._acts, connection, locked, events))

    def workers(self) -> Sequence[WorkerInfo]:
        return asking.workers(self._acts)

    def activity(self, since: float, span_s: float, spans: int) -> Sequence[Activity]:
        return asking.activity(self._acts, since, span_s, spans)

    # --- dead letters ---------------------------------------------------------------------------

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        self._letters.bury(letters)

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        return self._letters.newest(limit)

    def exhume(self, letter_id: str) -> DeadLetter | None:
        return self._letters.exhume(letter_id)

    # --- feeds ----------------------------------------------------------------------------------

    def feed(self, name: str, holder: str, limit: int, lease_s: float) -> Sequence[FeedRow] | None:
        return self._feeds.read(name, holder, limit, lease_s)

    def advance(self, name: str, rows: Sequence[FeedRow]) -> None:
        self._feeds.advance(name, rows)

    def feeds(self) -> Sequence[FeedInfo]:
        return self._feeds.all()

    def drop_feed(self, name: str) -> bool:
        return self._feeds.drop(name)

    # --- definitions ----------------------------------------------------------------------------

    def define(self, definition: StoredDefinition) -> None:
        self._definitions.define(definition)

    def definition(
        self, kind: DefinitionKind, name: str, version: str | None = None
    ) -> StoredDefinition | None:
        return self._definitions.get(kind, name, version)

    def definitions(self, kind: DefinitionKind) -> Sequence[StoredDefinition]:
        return self._definitions.all(kind)

    def versions(
        self, kind: DefinitionKind, name: str, *, limit: int = 20
    ) -> Sequence[StoredDefinition]:
        return self._definitions.versions(kind, name, limit)

    def undefine(self, kind: DefinitionKind, name: str) -> bool:
        return self._definitions.undefine(kind, name)

    # --- moving to another store ----------------------------------------------------------------

    def depart(self, limit: int, destination: str) -> Sequence[Traveller]:
        return self._moving.depart(limit, destination)

    def departed(self, limit: int, *, offset: int = 0) -> Sequence[Traveller]:
        return self._moving.departed(limit, offset)

    def admit(self, travellers: Sequence[Traveller]) -> Admitted:
        if not travellers:
            return Admitted()
        admitted = self._moving.admit(travellers)
        self._call(ticket.queue for ticket in admitted.ready)
        return admitted

    def dismiss(self, departed: Mapping[str, int]) -> int:
        return self._moving.dismiss(departed) if departed else 0
