"""What a state store must contain, computed with the pure transition function alone.

Written without a thought for speed, and independent of every backend, the memory one included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ergate.contracts.moving import Traveller
from ergate.contracts.state_store import Settled
from ergate.jobs.events import Aborted, Completed, Event, Failed, Settlement
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection, apply, history_of, landed, submitted


class Reference:
    """Jobs, their history, and which of them wait in which order."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobRecord] = {}
        self.rows: dict[str, list[HistoryRow]] = {}
        self.told: dict[str, list[HistoryRow]] = {}
        """The rows that were written here, by job: also those of jobs that are gone."""
        self.leases: dict[str, float] = {}
        self.published: dict[Ticket, float] = {}
        self.ready_since: dict[str, float] = {}

    def submit(self, record: JobRecord, now: float) -> None:
        """Add a job whose id is new."""
        self.jobs[record.id] = record
        self.rows[record.id] = [submitted(record)]
        self._tell(submitted(record))
        self._became(record, now)

    def admit(self, arrived: Traveller, now: float) -> None:
        """Add a job as it arrived from another store."""
        self.jobs[arrived.job.id] = arrived.job
        self.rows[arrived.job.id] = list(arrived.history)
        self._tell(arrived.history[-1])
        self._became(arrived.job, now)

    def play(self, job_id: str, event: Event, now: float) -> JobRecord | Rejection:
        """Apply one event, and keep its history row."""
        before = self.jobs.get(job_id)
        if before is None:
            return Rejection("no such job")
        after = apply(before, event, now)
        if isinstance(after, JobRecord):
            row = history_of(before, event, after)
            if row is not None:
                self.rows[job_id].append(row)
                self._tell(row)
            self.jobs[job_id] = after
            if after.revision != before.revision:
                self._became(after, now)
        return after

    def _tell(self, row: HistoryRow) -> None:
        self.told.setdefault(row.job_id, []).append(row)

    def settle(self, settlements: Iterable[Settlement], now: float) -> Settled:
        """Apply settlements in their order; return what a store must answer."""
        refused: list[Settlement] = []
        ready: list[Ticket] = []
        statuses: dict[str, JobStatus] = {}
        for one in settlements:
            after = self.play(one.job_id, one, now)
            if isinstance(after, Rejection):
                is_there = any(landed(row, one) for row in self.rows.get(one.job_id, ()))
                refused += [] if is_there else [one]
            elif after.status is JobStatus.QUEUED:
                ready.append(ticket_of(after))
            elif after.status is JobStatus.CANCELLED and not _ends(one):
                statuses[after.id] = after.status
        return Settled(refused, ready, statuses)

    def forget(self, job_id: str) -> None:
        """Delete an ended job."""
        del self.jobs[job_id], self.rows[job_id]

    def ready(self, queues: Iterable[str] | None = None) -> list[JobRecord]:
        """Return the QUEUED jobs in the order in which they must be claimed."""
        queued = [job for job in self.jobs.values() if job.status is JobStatus.QUEUED]
        wanted = [job for job in queued if queues is None or job.queue in queues]
        return sorted(wanted, key=self.rank)

    def rank(self, record: JobRecord) -> tuple[int, float]:
        """Return what decides when a QUEUED job is claimed: the smallest comes first.

        Jobs that became ready at the same moment have no order among them.
        """
        return -record.priority, self.ready_since[record.id]

    def unpublished(self, now: float, older_than_s: float) -> set[Ticket]:
        """Return the tickets that the outbox still has to publish."""
        return {
            ticket_of(job)
            for job in self.ready()
            if ticket_of(job) not in self.published
            and self.ready_since[job.id] <= now - older_than_s
        }

    def orphans(self, now: float, dead_workers: Sequence[str]) -> list[JobRecord]:
        """Return the RUNNING jobs whose worker has no live lease or is said to be dead."""
        return [
            job
            for job in self.jobs.values()
            if job.worker_id is not None
            and (job.worker_id in dead_workers or self.leases.get(job.worker_id, 0.0) <= now)
        ]

    def _became(self, record: JobRecord, now: float) -> None:
        self.ready_since[record.id] = now


def ticket_of(record: JobRecord) -> Ticket:
    """Return the ticket of a job as it is."""
    return Ticket(record.id, record.revision, record.queue)


def _ends(settlement: Settlement) -> bool:
    return isinstance(settlement.outcome, Completed | Failed | Aborted)
