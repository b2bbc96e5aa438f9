"""A journal as a state store: told of each change by workers, and read by people."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from ergate.brokers.journal_letters import PREFIX, letter_of, to_entry
from ergate.brokers.journal_refusals import RefusingStore
from ergate.clock import Clock, SystemClock
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.journal import Entry, Journal, last_of_each_key
from ergate.contracts.state_store import DeadLetter, JobFilter, QueueStats, WorkerInfo
from ergate.errors import CorruptRecord
from ergate.jobs.document import document_of, record_of
from ergate.jobs.ids import new_id
from ergate.jobs.job import Job
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.retelling import retold
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket

log = logging.getLogger("ergate")


class JournalStore(RefusingStore):
    """Each state of a job is an entry under its id; the last one counts.

    Every question reads the whole journal. What another writer left there that is no job is told
    of in the log and left out.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.SHARED, Capability.DURABLE}
    )

    def __init__(self, journal: Journal, clock: Clock | None = None) -> None:
        self._journal = journal
        self._clock = clock or SystemClock()

    @property
    def level(self) -> Level:  # type: ignore[override]  # the journal's, not one of its own
        """What a confirmed entry survives."""
        return self._journal.level

    def migrate(self) -> None:
        """Nothing to do: a journal has no schema."""

    def close(self) -> None:
        self._journal.close()

    # --- telling --------------------------------------------------------------------------------

    def update(self, job: Job) -> None:
        """Append the job as it is now; a job without an id gets one."""
        if job.id is None:
            job.id = new_id()
        self._journal.append([Entry(str(job.id), job.model_dump_json().encode())])

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> Sequence[Ticket]:
        """Append new jobs; whether their ids are new is not looked up. No ticket leads to them."""
        self._journal.append([Entry(job.id, document_of(job)) for job in jobs])
        return []

    def take_back(self, job_ids: Sequence[str]) -> None:
        """Make as if these jobs had never been told of."""
        self._journal.append([Entry(job_id, b"") for job_id in job_ids])

    # --- reading --------------------------------------------------------------------------------

    def get(self, job_id: str) -> JobRecord | None:
        last = None
        for entry in self._journal.read():
            if entry.key == job_id:
                last = entry.body
        return record_of(job_id, last) if last and not job_id.startswith(PREFIX) else None

    def get_many(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        """Return those of the jobs that are there, with one reading."""
        wanted = set(job_ids)
        return {record.id: record for record in self._records() if record.id in wanted}

    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        found = sorted(self._chosen(which), key=lambda one: (one.created_at, one.id), reverse=True)
        return found[offset : offset + limit]

    def count(self, which: JobFilter) -> Mapping[JobStatus, int]:
        return Counter(record.status for record in self._chosen(which))

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        bodies: list[bytes] = []
        for entry in self._journal.read():
            if entry.key == job_id:
                bodies = [*bodies, entry.body] if entry.body else []
        return retold(record_of(job_id, body) for body in bodies)

    def queues(self) -> Sequence[QueueStats]:
        waiting: dict[str, list[JobRecord]] = {}
        for record in self._records():
            if not record.status.is_final:
                waiting.setdefault(record.queue, []).append(record)
        return [_stats(name, jobs) for name, jobs in sorted(waiting.items())]

    def held(self, worker_id: str) -> Mapping[str, int]:
        """Return what the journal says that the worker runs; it may be dead."""
        return {
            record.id: record.revision
            for record in self._records()
            if record.status is JobStatus.RUNNING and record.worker_id == worker_id
        }

    def workers(self) -> Sequence[WorkerInfo]:
        """Return nothing: a journal has no leases, and cannot tell who works."""
        return []

    def _records(self) -> Iterator[JobRecord]:
        for key, body in last_of_each_key(self._journal.read()).items():
            if not key.startswith(PREFIX):
                try:
                    yield record_of(key, body)
                except CorruptRecord as exc:
                    log.warning("One entry is left out. %s", exc)

    def _chosen(self, which: JobFilter) -> Iterator[JobRecord]:
        return (record for record in self._records() if _fits(record, which))

    # --- dead letters ---------------------------------------------------------------------------

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        now = self._clock.now()
        self._journal.append([to_entry(replace(letter, at=letter.at or now)) for letter in letters])

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        last = last_of_each_key(self._journal.read())
        found = [letter_of(key, body) for key, body in last.items() if key.startswith(PREFIX)]
        return sorted(found, key=lambda letter: letter.at, reverse=True)[:limit]

    def exhume(self, letter_id: str) -> DeadLetter | None:
        key = f"{PREFIX}{letter_id}"
        body = last_of_each_key(self._journal.read()).get(key)
        if body is None:
            return None
        self._journal.append([Entry(key, b"")])
        return letter_of(key, body)


def _fits(record: JobRecord, which: JobFilter) -> bool:
    return (
        which.status in (None, record.status)
        and which.workflow in (None, record.workflow_name)
        and which.queue in (None, record.queue)
        and (which.since is None or record.created_at >= which.since)
        and (
            which.finished_before is None
            or (record.finished_at is not None and record.finished_at < which.finished_before)
        )
    )


def _stats(queue: str, jobs: Sequence[JobRecord]) -> QueueStats:
    count = Counter(job.status for job in jobs)
    due = [job.due_at for job in jobs if job.due_at is not None]
    ready = [job.updated_at for job in jobs if job.status is JobStatus.QUEUED]
    return QueueStats(
        queue=queue,
        ready=count[JobStatus.QUEUED],
        scheduled=count[JobStatus.SCHEDULED],
        running=count[JobStatus.RUNNING],
        oldest_ready_at=min(ready, default=None),
        next_due_at=min(due, default=None),
    )
