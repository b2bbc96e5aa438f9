"""The state store in memory: the readable reference for all others, and the quick one for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Condition, RLock
from typing import ClassVar

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
    Swept,
    WorkerInfo,
)
from ergate.errors import JobNotFoundError, UsageError
from ergate.jobs.events import (
    CameDue,
    CancelAsked,
    Claim,
    Delivered,
    Postponed,
    RecoveryPolicy,
    RestartAsked,
    Settlement,
    WorkerDied,
)
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection
from ergate_backends.memory import moving
from ergate_backends.memory.board import Board
from ergate_backends.memory.defining import Definitions
from ergate_backends.memory.leases import Leases
from ergate_backends.memory.views import activity, queue_stats, surprising_status


class MemoryStore(StateStore):
    """Keeps every job in this process, under one lock; what it holds ends with the process."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.MOVE, Capability.FEEDS, Capability.DEFINITIONS, Capability.ACTIVITY}
    )
    level = Level.L0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = Condition(RLock())
        self._board = Board()
        self._leases = Leases()
        self._letters: dict[str, DeadLetter] = {}
        self._definitions = Definitions()
        self._wakes = 0

    def migrate(self) -> None:
        """Do nothing: there is no schema."""

    def close(self) -> None:
        self.wake()

    # --- accepting ----------------------------------------------------------------------------

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> Sequence[Ticket]:
        with self._changed:
            new = self._new_ones(jobs, if_absent=if_absent)
            now = self._clock.now()
            tickets = [self._board.submit(job, now) for job in new]
            self._changed.notify_all()
            return [ticket for ticket in tickets if ticket is not None]

    def _new_ones(self, jobs: Sequence[JobRecord], *, if_absent: bool) -> list[JobRecord]:
        new: dict[str, JobRecord] = {}
        for job in jobs:
            if job.id not in self._board.jobs and job.id not in new:
                new[job.id] = job
            elif not if_absent:
                raise UsageError(
                    f'A job with the id "{job.id}" exists already. '
                    "Leave the id out to get a new one."
                )
        return list(new.values())

    # --- the hot path -------------------------------------------------------------------------

    def claim_ready(self, queues: Sequence[str], limit: int, worker_id: str) -> Sequence[JobRecord]:
        with self._changed:
            return self.claim(self._board.ready.next_in(queues, limit), worker_id)

    def claim(self, tickets: Sequence[Ticket], worker_id: str) -> Sequence[JobRecord]:
        with self._changed:
            now = self._clock.now()
            played = [
                self._board.play(ticket.job_id, Claim(worker_id, ticket.revision), now)
                for ticket in tickets
            ]
            return [job for job in played if isinstance(job, JobRecord)]

    def wait_ready(self, queues: Sequence[str], timeout_s: float) -> bool:
        with self._changed:
            wakes = self._wakes
            self._changed.wait_for(
                lambda: self._board.ready.has_any(queues) or self._wakes != wakes, timeout_s
            )
            return self._board.ready.has_any(queues)

    def wake(self) -> None:
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        refused: list[Settlement] = []
        ready: list[Ticket] = []
        statuses: dict[str, JobStatus] = {}
        with self._changed:
            now = self._clock.now()
            for settlement in settlements:
                after = self._board.play(settlement.job_id, settlement, now)
                if isinstance(after, Rejection):
                    if not self._board.has_landed(settlement):
                        refused.append(settlement)
                    continue
                if after.status is JobStatus.QUEUED:
                    ready.append(Ticket(after.id, after.revision, after.queue))
                if surprising_status(settlement, after):
                    statuses[after.id] = after.status
            self._changed.notify_all()
        return Settled(refused=refused, ready=ready, statuses=statuses)

    def held(self, worker_id: str) -> Mapping[str, int]:
        with self._changed:
            return {job.id: job.revision for job in self._board.held_by(worker_id)}

    # --- the outbox ---------------------------------------------------------------------------

    def unpublished(self, limit: int, older_than_s: float) -> Sequence[Ticket]:
        with self._changed:
            latest = self._clock.now() - older_than_s
            rows = self._board.ready.in_order()
            found = [r.ticket for r in rows if r.published_at is None and r.ready_at <= latest]
            return found[: max(limit, 0)]

    def published(self, tickets: Sequence[Ticket]) -> None:
        with self._changed:
            now = self._clock.now()
            for ticket in tickets:
                self._board.ready.note_published(ticket, now)

    def republish(self, older_than_s: float, limit: int) -> int:
        with self._changed:
            latest = self._clock.now() - older_than_s
            rows = self._board.ready.in_order()
            old = [r for r in rows if r.published_at is not None and r.published_at <= latest]
            for row in old[: max(limit, 0)]:
                self._board.ready.note_published(row.ticket, None)
            return len(old[: max(limit, 0)])

    # --- life and death of workers --------------------------------------------------------------

    def heartbeat(self, workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        with self._changed:
            now = self._clock.now()
            ids = [worker.worker_id for worker in workers]
            lost = [worker_id for worker_id in ids if not self._leases.is_live(worker_id, now)]
            for worker in workers:
                self._leases.renew(worker, now + lease_s)
            return lost

    def retire(self, worker_id: str) -> None:
        with self._changed:
            self._leases.remove(worker_id)

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        def is_blamed(job: JobRecord) -> bool:
            return blame and started.get(job.id) == job.revision

        with self._changed:
            jobs = self._board.held_by(worker_id)
            self._leases.remove(worker_id)
            return self._free(jobs, is_blamed, reason, policy, dead_workers=[worker_id])

    def sweep(
        self, policy: RecoveryPolicy, *, limit: int = 500, dead_workers: Sequence[str] = ()
    ) -> Swept:
        with self._changed:
            now = self._clock.now()
            due = self._board.due(now)[:limit]
            for job_id in due:
                self._board.play(job_id, CameDue(), now)
            # A missing lease and an ended one mean the same, so removing them loses nothing.
            for worker_id in [*self._leases.ended(now), *dead_workers]:
                self._leases.remove(worker_id)
            holders = self._board.holders()
            dead = [worker_id for worker_id in holders if not self._leases.is_live(worker_id, now)]
            jobs = [job for worker_id in dead for job in self._board.held_by(worker_id)][:limit]
            reason = "contact with its worker was lost"
            swept = self._free(jobs, lambda _: None, reason, policy, dead_workers=dead)
            return replace(swept, due=len(due))

    def _free(
        self,
        jobs: Sequence[JobRecord],
        is_blamed: Callable[[JobRecord], bool | None],
        reason: str,
        policy: RecoveryPolicy,
        *,
        dead_workers: Sequence[str],
    ) -> Swept:
        failed = 0
        now = self._clock.now()
        for job in jobs:
            event = WorkerDied(job.worker_id or "", is_blamed(job), reason, policy)
            after = self._board.play(job.id, event, now)
            failed += isinstance(after, JobRecord) and after.status is JobStatus.FAILED
        self._changed.notify_all()
        return Swept(recovered=len(jobs) - failed, failed=failed, dead_workers=dead_workers)

    # --- what people ask and order ----------------------------------------------------------------

    def get(self, job_id: str) -> JobRecord | None:
        with self._changed:
            return self._board.jobs.get(job_id)

    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        with self._changed:
            found = [job for job in reversed(self._board.jobs.values()) if which.matches(job)]
        return found[offset : offset + limit]

    def count(self, which: JobFilter) -> Mapping[JobStatus, int]:
        counts: dict[JobStatus, int] = {}
        with self._changed:
            for job in self._board.jobs.values():
                if which.matches(job):
                    counts[job.shown_status] = counts.get(job.shown_status, 0) + 1
        return counts

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        with self._changed:
            return self._board.ledger.of(job_id)

    def cancel(self, job_id: str) -> JobRecord:
        return self._order(job_id, CancelAsked(), "cancelled")

    def restart(self, job_id: str, event: RestartAsked) -> JobRecord:
        return self._order(job_id, event, "started again")

    def deliver(self, job_id: str, event: Delivered | Postponed) -> JobRecord:
        what = "given its input" if isinstance(event, Delivered) else "postponed"
        return self._order(job_id, event, what)

    def _order(
        self,
        job_id: str,
        event: CancelAsked | RestartAsked | Delivered | Postponed,
        what: str,
    ) -> JobRecord:
        with self._changed:
            if job_id not in self._board.jobs:
                raise JobNotFoundError(
                    f'There is no job with the id "{job_id}". See `ergate jobs list`.'
                )
            after = self._board.play(job_id, event, self._clock.now())
            if isinstance(after, Rejection):
                raise UsageError(f'Job "{job_id}" cannot be {what}: it is {after.reason}.')
            self._changed.notify_all()
            return after

    def prune(self, which: JobFilter, *, limit: int = 1000) -> int:
        with self._changed:
            jobs = self._board.jobs.values()
            old = [job.id for job in jobs if job.status.is_final and which.matches(job)][:limit]
            for job_id in old:
                self._board.forget(job_id)
            return len(old)

    def queues(self) -> Sequence[QueueStats]:
        with self._changed:
            return queue_stats(self._board)

    def purge(self, queue: str) -> int:
        waits = (JobStatus.QUEUED, JobStatus.SCHEDULED)
        with self._changed:
            jobs = self._board.jobs.values()
            waiting = [job.id for job in jobs if job.queue == queue and job.status in waits]
            for job_id in waiting:
                self._board.play(job_id, CancelAsked(), self._clock.now())
            return len(waiting)

    def workers(self) -> Sequence[WorkerInfo]:
        with self._changed:
            return self._leases.all()

    def activity(self, since: float, span_s: float, spans: int) -> Sequence[Activity]:
        with self._changed:
            return activity(self._board, since, span_s, spans)

    # --- dead letters ---------------------------------------------------------------------------

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        with self._changed:
            for letter in letters:
                self._letters.setdefault(
                    letter.id, replace(letter, at=letter.at or self._clock.now())
                )

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        with self._changed:
            return [*reversed(self._letters.values())][:limit]

    def exhume(self, letter_id: str) -> DeadLetter | None:
        with self._changed:
            return self._letters.pop(letter_id, None)

    # --- feeds ----------------------------------------------------------------------------------

    def feed(self, name: str, holder: str, limit: int, lease_s: float) -> Sequence[FeedRow] | None:
        with self._changed:
            now = self._clock.now()
            return self._board.feeds.read(name, holder, limit, now + lease_s, now)

    def advance(self, name: str, rows: Sequence[FeedRow]) -> None:
        with self._changed:
            self._board.feeds.advance(name, rows)

    def feeds(self) -> Sequence[FeedInfo]:
        with self._changed:
            return self._board.feeds.all(self._clock.now())

    def drop_feed(self, name: str) -> bool:
        with self._changed:
            return self._board.feeds.drop(name)

    # --- definitions ----------------------------------------------------------------------------

    def define(self, definition: StoredDefinition) -> None:
        with self._changed:
            self._definitions.define(definition, self._clock.now())

    def definition(
        self, kind: DefinitionKind, name: str, version: str | None = None
    ) -> StoredDefinition | None:
        with self._changed:
            return self._definitions.get(kind, name, version)

    def definitions(self, kind: DefinitionKind) -> Sequence[StoredDefinition]:
        with self._changed:
            return self._definitions.all(kind)

    def versions(
        self, kind: DefinitionKind, name: str, *, limit: int = 20
    ) -> Sequence[StoredDefinition]:
        with self._changed:
            return self._definitions.versions(kind, name, limit)

    def undefine(self, kind: DefinitionKind, name: str) -> bool:
        with self._changed:
            return self._definitions.undefine(kind, name)

    # --- moving to another store ----------------------------------------------------------------

    def depart(self, limit: int, destination: str) -> Sequence[Traveller]:
        with self._changed:
            return moving.depart(self._board, limit, destination, self._clock.now())

    def departed(self, limit: int, *, offset: int = 0) -> Sequence[Traveller]:
        with self._changed:
            return moving.departed(self._board, limit, offset)

    def admit(self, travellers: Sequence[Traveller]) -> Admitted:
        with self._changed:
            admitted = moving.admit(self._board, travellers, self._clock.now())
            self._changed.notify_all()
            return admitted

    def dismiss(self, departed: Mapping[str, int]) -> int:
        with self._changed:
            return moving.dismiss(self._board, departed)
