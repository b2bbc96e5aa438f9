"""What the store knows: everything in memory, and every change in a journal.

What a job may do is decided by `apply`, the function that all backends obey. What is left to do
is to keep jobs, their history and the ready list together.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ergate.clock import Clock
from ergate.contracts.state_store import DeadLetter
from ergate.errors import BackendUnavailable, SchemaError
from ergate.jobs.events import Event
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection, apply, history_of
from ergate_journal.journal import Change, Journal

Ready = tuple[int, float, float | None]
"""A row of the ready list: its turn, since when it is there, and when a queue confirmed it."""


class Book:
    """Jobs, history, ready list and dead letters; not thread-safe by itself."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._clock = clock
        self._journal = Journal(file)
        self._load()

    def close(self) -> None:
        self._journal.close()

    def _load(self) -> None:
        self.jobs: dict[str, JobRecord] = {}
        self.rows: dict[str, list[HistoryRow]] = {}
        self.ready: dict[str, Ready] = {}
        self.letters: dict[str, DeadLetter] = {}
        self._turn = 0
        self._act: list[Change] = []
        for table, key, value in self._journal.read():
            self._put(table, key, value)

    def _put(self, table: str, key: str, value: Any) -> None:
        match table:
            case "job" if value is None:
                del self.jobs[key], self.rows[key]
            case "job":
                self.jobs[key] = JobRecord(**value | {"status": JobStatus(value["status"])})
            case "row":
                row = HistoryRow(**value | {"status": JobStatus(value["status"])})
                self.rows.setdefault(key, []).append(row)
            case "ready" if value is None:
                self.ready.pop(key, None)
            case "ready":
                self.ready[key] = value[0], value[1], value[2]
                self._turn = max(self._turn, value[0])
            case "letter" if value is None:
                del self.letters[key]
            case "letter":
                self.letters[key] = DeadLetter(**value | {"body": b64decode(value["body"])})
            case _:
                raise SchemaError(f'A newer version has written "{table}" into the journal.')

    def note(self, table: str, key: str, value: Any) -> None:
        self._put(table, key, value)
        self._act.append((table, key, value))

    def commit(self) -> None:
        """Write what was noted as one act; if that fails, none of it has happened."""
        act, self._act = self._act, []
        try:
            if act:
                self._journal.append(act)
        except BackendUnavailable:
            self._load()
            raise

    def keep(self, job: JobRecord, row: HistoryRow | None, *, is_moved: bool) -> None:
        self.note("job", job.id, asdict(job))
        if row is not None:
            self.note("row", job.id, asdict(row))
        if job.status is JobStatus.QUEUED and is_moved:
            self.note("ready", job.id, (self._turn + 1, self._clock.now(), None))
        elif job.id in self.ready:
            self.note("ready", job.id, None)

    def play(self, job_id: str, event: Event) -> JobRecord | Rejection:
        before = self.jobs.get(job_id)
        if before is None:
            return Rejection("no such job")
        after = apply(before, event, self._clock.now())
        if isinstance(after, JobRecord):
            is_moved = after.revision != before.revision
            self.keep(after, history_of(before, event, after), is_moved=is_moved)
        return after

    def in_order(self, queues: Iterable[str] | None = None) -> list[JobRecord]:
        jobs = [self.jobs[job_id] for job_id in self.ready]
        wanted = [job for job in jobs if queues is None or job.queue in queues]
        return sorted(wanted, key=lambda job: (-job.priority, self.ready[job.id][0]))
