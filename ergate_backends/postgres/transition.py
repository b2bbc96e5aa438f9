"""Any transitions, the plain way: lock the jobs, ask the pure function, write what it says.

The hot acts (claim, a step applied) have statements of their own beside this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ergate.jobs.events import Event
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection, apply, history_of
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import Connection
from ergate_backends.postgres.rows import Row, history_json, job_of, jobs_json, storable


@dataclass(frozen=True, slots=True)
class Locked:
    """Jobs whose rows this transaction has locked, at one time of the store's clock."""

    now: float
    jobs: Sequence[JobRecord]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Locked:
        """Read rows whose first column is the time."""
        return cls(max((row[0] for row in rows), default=0.0), [job_of(row[1:]) for row in rows])


def lock(acts: Acts, connection: Connection, ids: Iterable[str]) -> Locked:
    """Lock jobs by their ids, always in the same order; those that do not exist are left out."""
    wanted = sorted({storable(job_id) for job_id in ids})
    return Locked.of(acts.on(connection, "lock", ids=wanted))


def transit(
    acts: Acts, connection: Connection, locked: Locked, events: Iterable[tuple[JobRecord, Event]]
) -> list[JobRecord | Rejection]:
    """Apply one event to each of some locked jobs and write what changed, in one statement."""
    afters: list[JobRecord | Rejection] = []
    changed: list[JobRecord] = []
    history: list[HistoryRow] = []
    for before, event in events:
        after = apply(before, event, locked.now)
        afters.append(after)
        if isinstance(after, JobRecord):
            changed.append(after)
            row = history_of(before, event, after)
            history += [] if row is None else [row]
    if changed:
        acts.on(
            connection,
            "write",
            jobs=jobs_json(changed),
            history=history_json(history),
            at=locked.now,
        )
    return afters


def made_ready(afters: Iterable[JobRecord | Rejection]) -> list[JobRecord]:
    """Return the jobs that wait for a worker now."""
    return [job for job in afters if isinstance(job, JobRecord) and job.status is JobStatus.QUEUED]
