"""All jobs and what follows from their status: who holds which, which are ready, which wait."""

from __future__ import annotations

from collections.abc import Iterable

from ergate.contracts.moving import Traveller
from ergate.jobs.events import Event, Settlement
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection, apply, history_of, landed, submitted
from ergate_backends.memory.feeding import Feeds
from ergate_backends.memory.ledger import Ledger
from ergate_backends.memory.ready import ReadyList


class Board:
    """The jobs of one store; every change goes through `submit`, `admit`, `play` or `forget`.

    Not thread-safe by itself.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, JobRecord] = {}
        self.ready = ReadyList()
        self.ledger = Ledger()
        self.feeds = Feeds()
        self._held: dict[str, set[str]] = {}
        self._waiting: dict[str, float] = {}

    def submit(self, record: JobRecord, now: float) -> Ticket | None:
        """Write a job whose id is new; return its ticket when it is runnable now."""
        self.note(record, submitted(record))
        return self._place(record, now)

    def admit(self, traveller: Traveller, now: float) -> Ticket | None:
        """Write a job of another store with its history; return its ticket when it is runnable."""
        for row in traveller.history[:-1]:
            self.ledger.append(row)  # told by the store in which it happened
        self.note(traveller.job, traveller.history[-1])
        return self._place(traveller.job, now)

    def play(self, job_id: str, event: Event, now: float) -> JobRecord | Rejection:
        """Apply `event` to a job and write its history row; return the job, or why not."""
        before = self.jobs.get(job_id)
        if before is None:
            return Rejection("no such job")
        after = apply(before, event, now)
        if isinstance(after, Rejection):
            return after
        row = history_of(before, event, after)
        if row is not None:
            self.note(after, row)
        self._take_away(before)
        self._place(after, now)
        return after

    def note(self, job: JobRecord, row: HistoryRow) -> None:
        """Write a history row of `job`, and tell the feeds of it."""
        self.ledger.append(row)
        self.feeds.tell(job.workflow_name, row)

    def has_landed(self, settlement: Settlement) -> bool:
        """Return whether this settlement was written before, by a call whose answer was lost."""
        return any(landed(row, settlement) for row in self.ledger.of(settlement.job_id))

    def forget(self, job_id: str) -> None:
        """Delete a job with its history."""
        self._take_away(self.jobs.pop(job_id))
        self.ledger.forget(job_id)

    def held_by(self, worker_id: str) -> list[JobRecord]:
        """Return the RUNNING jobs of a worker."""
        return [self.jobs[job_id] for job_id in sorted(self._held.get(worker_id, ()))]

    def holders(self) -> Iterable[str]:
        """Return the ids of workers that hold a job."""
        return list(self._held)

    def next_due(self, queue: str) -> float | None:
        """Return when the first of the SCHEDULED jobs in `queue` comes due."""
        waiting = self._waiting.items()
        return min((at for job_id, at in waiting if self.jobs[job_id].queue == queue), default=None)

    def due(self, now: float) -> list[str]:
        """Return the ids of SCHEDULED jobs whose time has come, the longest due first."""
        come = [(due_at, job_id) for job_id, due_at in self._waiting.items() if due_at <= now]
        return [job_id for _, job_id in sorted(come)]

    def _place(self, record: JobRecord, now: float) -> Ticket | None:
        self.jobs[record.id] = record
        if record.status is JobStatus.QUEUED:
            return self.ready.add(record, now)
        if record.status is JobStatus.RUNNING and record.worker_id is not None:
            self._held.setdefault(record.worker_id, set()).add(record.id)
        elif record.status is JobStatus.SCHEDULED and record.due_at is not None:
            self._waiting[record.id] = record.due_at
        return None

    def _take_away(self, record: JobRecord) -> None:
        self.ready.remove(record.id)
        self._waiting.pop(record.id, None)
        if record.worker_id is not None:
            held = self._held.get(record.worker_id, set())
            held.discard(record.id)
            if not held:
                self._held.pop(record.worker_id, None)
