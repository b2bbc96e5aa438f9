"""A state store in one file, for one process: each method is one act in the journal."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from threading import Condition, RLock

from ergate.clock import Clock
from ergate.contracts.capabilities import Capability, Level
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
from ergate.jobs import events
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection, landed, submitted
from ergate_journal.book import Book

UNSEEN = "contact with its worker was lost"


class JournalStore(StateStore):
    capabilities = frozenset({Capability.DURABLE})
    level = Level.L1

    def __init__(self, file: Path, clock: Clock) -> None:
        self._clock = clock
        self._changed = Condition(RLock())
        self._book = Book(file, clock)
        self._leases: dict[str, WorkerInfo] = {}  # they end with the process, as its workers do
        self._wakes = 0

    def migrate(self) -> None:
        """There is one version of the file."""

    def close(self) -> None:
        self._book.close()
        self.wake()

    def _commit(self) -> None:
        self._book.commit()
        self._changed.notify_all()

    # --- accepting, claiming, settling ----------------------------------------------------------

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> Sequence[Ticket]:
        with self._changed:
            new: dict[str, JobRecord] = {}
            for job in jobs:
                if job.id not in self._book.jobs and job.id not in new:
                    new[job.id] = job
                elif not if_absent:
                    raise UsageError(f'A job with the id "{job.id}" exists already.')
            for job in new.values():
                self._book.keep(job, submitted(job), is_moved=True)
            self._commit()
            return [_ticket(job) for job in new.values() if job.status is JobStatus.QUEUED]

    def claim_ready(self, queues: Sequence[str], limit: int, worker_id: str) -> Sequence[JobRecord]:
        with self._changed:
            chosen: list[JobRecord] = []
            for job in self._book.in_order(queues):
                if len(chosen) >= limit or (chosen and job.alone):
                    break
                chosen.append(job)
                if job.alone:
                    break
            return self.claim([_ticket(job) for job in chosen], worker_id)

    def claim(self, tickets: Sequence[Ticket], worker_id: str) -> Sequence[JobRecord]:
        with self._changed:
            played = [
                self._book.play(t.job_id, events.Claim(worker_id, t.revision)) for t in tickets
            ]
            self._commit()
            return [job for job in played if isinstance(job, JobRecord)]

    def wait_ready(self, queues: Sequence[str], timeout_s: float) -> bool:
        with self._changed:
            wakes = self._wakes

            def is_over() -> bool:
                return bool(self._book.in_order(queues)) or self._wakes != wakes

            return self._changed.wait_for(is_over, timeout_s)

    def wake(self) -> None:
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def settle(self, settlements: Sequence[events.Settlement]) -> Settled:
        refused, ready, statuses = [], [], {}
        with self._changed:
            for one in settlements:
                after = self._book.play(one.job_id, one)
                if isinstance(after, Rejection):
                    rows = self._book.rows.get(one.job_id, ())
                    refused += [] if any(landed(row, one) for row in rows) else [one]
                elif after.status is JobStatus.QUEUED:
                    ready.append(_ticket(after))
                elif after.status is JobStatus.CANCELLED:
                    statuses[after.id] = after.status
            self._commit()
        return Settled(refused, ready, statuses)

    def held(self, worker_id: str) -> Mapping[str, int]:
        with self._changed:
            jobs = self._book.jobs.values()
            return {job.id: job.revision for job in jobs if job.worker_id == worker_id}

    # --- the outbox -----------------------------------------------------------------------------

    def unpublished(self, limit: int, older_than_s: float) -> Sequence[Ticket]:
        with self._changed:
            latest = self._clock.now() - older_than_s
            rows = ((job, self._book.ready[job.id]) for job in self._book.in_order())
            return [_ticket(job) for job, (_, at, done) in rows if done is None and at <= latest][
                :limit
            ]

    def published(self, tickets: Sequence[Ticket]) -> None:
        with self._changed:
            for ticket in tickets:
                job = self._book.jobs.get(ticket.job_id)
                if (
                    job is not None
                    and job.id in self._book.ready
                    and job.revision == ticket.revision
                ):
                    self._book.note(
                        "ready", job.id, (*self._book.ready[job.id][:2], self._clock.now())
                    )
            self._commit()

    def republish(self, older_than_s: float, limit: int) -> int:
        with self._changed:
            latest = self._clock.now() - older_than_s
            rows = self._book.ready.items()
            old = [(job_id, row) for job_id, row in rows if row[2] is not None and row[2] <= latest]
            for job_id, row in old[:limit]:
                self._book.note("ready", job_id, (*row[:2], None))
            self._commit()
            return len(old[:limit])

    # --- life and death of workers --------------------------------------------------------------

    def heartbeat(self, workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        with self._changed:
            lost = [worker.worker_id for worker in workers if not self._lives(worker.worker_id)]
            until = self._clock.now() + lease_s
            self._leases |= {one.worker_id: replace(one, expires_at=until) for one in workers}
            return lost

    def _lives(self, worker_id: str | None) -> bool:
        lease = self._leases.get(worker_id or "")
        return lease is not None and lease.expires_at > self._clock.now()

    def retire(self, worker_id: str) -> None:
        with self._changed:
            self._leases.pop(worker_id, None)

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: events.RecoveryPolicy,
    ) -> Swept:
        with self._changed:
            self._leases.pop(worker_id, None)
            jobs = [job for job in self._book.jobs.values() if job.worker_id == worker_id]
            return self._free(
                jobs, lambda job: blame and started.get(job.id) == job.revision, reason, policy
            )

    def sweep(
        self,
        policy: events.RecoveryPolicy,
        *,
        limit: int = 500,
        dead_workers: Sequence[str] = (),
    ) -> Swept:
        with self._changed:
            now = self._clock.now()
            waiting = [job for job in self._book.jobs.values() if job.status is JobStatus.SCHEDULED]
            due = sorted(waiting, key=lambda job: job.due_at or 0.0)
            played = [self._book.play(job.id, events.CameDue()) for job in due[:limit]]
            self._leases = {
                worker_id: lease
                for worker_id, lease in self._leases.items()
                if lease.expires_at > now and worker_id not in dead_workers
            }
            orphans = [
                job
                for job in self._book.jobs.values()
                if job.worker_id and not self._lives(job.worker_id)
            ]
            swept = self._free(orphans[:limit], lambda _: None, UNSEEN, policy)
            return replace(swept, due=sum(isinstance(job, JobRecord) for job in played))

    def _free(
        self,
        jobs: Sequence[JobRecord],
        blame: Callable[[JobRecord], bool | None],
        reason: str,
        policy: events.RecoveryPolicy,
    ) -> Swept:
        workers = {job.worker_id or "": None for job in jobs}
        failed = 0
        for job in jobs:
            died = events.WorkerDied(job.worker_id or "", blame(job), reason, policy)
            after = self._book.play(job.id, died)
            failed += isinstance(after, JobRecord) and after.status is JobStatus.FAILED
        self._commit()
        return Swept(recovered=len(jobs) - failed, failed=failed, dead_workers=[*workers])

    # --- what people ask and order --------------------------------------------------------------

    def get(self, job_id: str) -> JobRecord | None:
        with self._changed:
            return self._book.jobs.get(job_id)

    def _found(self, which: JobFilter) -> list[JobRecord]:
        return [job for job in self._book.jobs.values() if _matches(which, job)]

    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        with self._changed:
            return self._found(which)[::-1][offset : offset + limit]

    def count(self, which: JobFilter) -> Mapping[JobStatus, int]:
        with self._changed:
            return Counter(job.shown_status for job in self._found(which))

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        with self._changed:
            return tuple(self._book.rows.get(job_id, ()))

    def cancel(self, job_id: str) -> JobRecord:
        return self._order(job_id, events.CancelAsked())

    def restart(self, job_id: str, event: events.RestartAsked) -> JobRecord:
        return self._order(job_id, event)

    def deliver(self, job_id: str, event: events.Delivered | events.Postponed) -> JobRecord:
        return self._order(job_id, event)

    def _order(self, job_id: str, event: events.Event) -> JobRecord:
        with self._changed:
            if job_id not in self._book.jobs:
                raise JobNotFoundError(f'There is no job "{job_id}". See `ergate jobs list`.')
            after = self._book.play(job_id, event)
            if isinstance(after, Rejection):
                raise UsageError(f'Job "{job_id}" stays as it is: it is {after.reason}.')
            self._commit()
            return after

    def prune(self, which: JobFilter, *, limit: int = 1000) -> int:
        with self._changed:
            old = [job for job in self._found(which) if job.status.is_final][:limit]
            for job in old:
                self._book.note("job", job.id, None)
            self._commit()
            return len(old)

    def queues(self) -> Sequence[QueueStats]:
        with self._changed:
            live: dict[str, list[JobRecord]] = {}
            for job in self._book.jobs.values():
                if not job.status.is_final:
                    live.setdefault(job.queue, []).append(job)
            return [self._stats(queue, jobs) for queue, jobs in sorted(live.items())]

    def _stats(self, queue: str, jobs: Sequence[JobRecord]) -> QueueStats:
        statuses = Counter(job.status for job in jobs)
        since = (self._book.ready[job.id][1] for job in jobs if job.id in self._book.ready)
        due = (job.due_at for job in jobs if job.due_at is not None)
        return QueueStats(
            queue=queue,
            ready=statuses[JobStatus.QUEUED],
            scheduled=statuses[JobStatus.SCHEDULED],
            running=statuses[JobStatus.RUNNING],
            oldest_ready_at=min(since, default=None),
            next_due_at=min(due, default=None),
        )

    def purge(self, queue: str) -> int:
        with self._changed:
            waits = (JobStatus.QUEUED, JobStatus.SCHEDULED)
            waiting = [job for job in self._found(JobFilter(queue=queue)) if job.status in waits]
            for job in waiting:
                self._book.play(job.id, events.CancelAsked())
            self._commit()
            return len(waiting)

    def workers(self) -> Sequence[WorkerInfo]:
        with self._changed:
            return [*self._leases.values()]

    # --- dead letters ---------------------------------------------------------------------------

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        with self._changed:
            for letter in letters:
                if letter.id not in self._book.letters:
                    kept = {
                        "body": b64encode(letter.body).decode(),
                        "at": letter.at or self._clock.now(),
                    }
                    self._book.note("letter", letter.id, asdict(letter) | kept)
            self._commit()

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        with self._changed:
            return [*reversed(self._book.letters.values())][:limit]

    def exhume(self, letter_id: str) -> DeadLetter | None:
        with self._changed:
            letter = self._book.letters.get(letter_id)
            if letter is not None:
                self._book.note("letter", letter_id, None)
                self._commit()
            return letter


def _ticket(job: JobRecord) -> Ticket:
    return Ticket(job.id, job.revision, job.queue)


def _matches(which: JobFilter, job: JobRecord) -> bool:
    finished_at = float("inf") if job.finished_at is None else job.finished_at
    return (
        which.status in (None, job.shown_status)
        and which.workflow in (None, job.workflow_name)
        and which.queue in (None, job.queue)
        and (which.since is None or job.created_at >= which.since)
        and (which.finished_before is None or finished_at < which.finished_before)
    )
