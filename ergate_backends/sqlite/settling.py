"""Settlements: the common ones in bulk, the others one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ergate.contracts.state_store import Settled
from ergate.jobs.events import Advanced, Completed, Settlement
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection
from ergate_backends.sqlite.transition import has_landed, select_job, transition

_HELD = "id = ? AND revision = ? AND worker_id = ? AND status = 'running' AND cancel_requested = 0"

# The history row is written first: it needs the values from before, and it carries the guard.
_HISTORY = f"""
    INSERT INTO history (job_id, revision, event, status, seq, step_name, next_step, attempt,
                         worker_id, claimed_at, at, result)
    SELECT id, revision + 1, 'applied', ?, seq, step_name, ?, attempt, worker_id, claimed_at, ?, ?
    FROM jobs WHERE {_HELD}
"""

_APPLIED = """
    revision = revision + 1, seq = seq + 1, steps_completed = steps_completed + 1, attempt = 0,
    deliveries = 0, alone = 0, unroutable = 0, error = NULL, worker_id = NULL, claimed_at = NULL
"""

_ADVANCE = f"""
    UPDATE jobs SET {_APPLIED}, status = 'queued', current_step = ?, step_name = ?, queue = ?,
           percent_completed = max(percent_completed, ?), fingerprint = ?,
           last_return_value = ?, updated_at = ?, ready_at = ?
    WHERE id = ?
"""

_READY = """
    INSERT INTO ready (queue, rank, ready_at, job_id, revision, alone)
    SELECT queue, -priority, ready_at, id, revision, alone FROM jobs WHERE id = ?
"""

_COMPLETE = f"""
    UPDATE jobs SET {_APPLIED}, status = 'completed', percent_completed = 100.0, due_at = NULL,
           last_return_value = ?, updated_at = ?, finished_at = ?
    WHERE id = ?
"""


def settle(tx: sqlite3.Connection, settlements: Sequence[Settlement], now: float) -> Settled:
    """Write `settlements` in the caller's transaction."""
    advanced = [(s, s.outcome) for s in settlements if isinstance(s.outcome, Advanced)]
    completed = [(s, s.outcome) for s in settlements if isinstance(s.outcome, Completed)]
    others = [s for s in settlements if not isinstance(s.outcome, Advanced | Completed)]
    slow = [*others]
    ready: list[Ticket] = []
    if _advance(tx, advanced, now):
        ready += [Ticket(s.job_id, s.revision + 1, outcome.queue) for s, outcome in advanced]
    else:
        slow += [s for s, _ in advanced]
    if not _complete(tx, completed, now):
        slow += [s for s, _ in completed]
    return _one_by_one(tx, slow, ready, now)


def _advance(
    tx: sqlite3.Connection, batch: Sequence[tuple[Settlement, Advanced]], now: float
) -> bool:
    """Advance all jobs of `batch`, or none when any of the settlements does not hold."""
    # A microsecond apart, so that the jobs of a batch wait in its order.
    stamped = [(now + number * 1e-6, item) for number, item in enumerate(batch)]
    if not _write_history(
        tx, [("queued", o.step_name, at, o.result, *_guard(s)) for at, (s, o) in stamped]
    ):
        return False
    tx.executemany(
        _ADVANCE,
        [
            (o.step, o.step_name, o.queue, o.percent, o.fingerprint, o.result, at, at, s.job_id)
            for at, (s, o) in stamped
        ],
    )
    tx.executemany(_READY, [(s.job_id,) for s, _ in batch])
    return True


def _complete(
    tx: sqlite3.Connection, batch: Sequence[tuple[Settlement, Completed]], now: float
) -> bool:
    """Complete all jobs of `batch`, or none when any of the settlements does not hold."""
    if not _write_history(tx, [("completed", None, now, o.result, *_guard(s)) for s, o in batch]):
        return False
    tx.executemany(_COMPLETE, [(o.result, now, now, s.job_id) for s, o in batch])
    return True


def _write_history(tx: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> bool:
    if not rows:
        return True
    tx.execute("SAVEPOINT bulk")
    try:
        written = tx.executemany(_HISTORY, rows).rowcount
    except sqlite3.IntegrityError:  # the same settlement twice in one batch
        written = -1
    if written != len(rows):
        tx.execute("ROLLBACK TO bulk")
    tx.execute("RELEASE bulk")
    return written == len(rows)


def _guard(settlement: Settlement) -> tuple[str, int, str]:
    return settlement.job_id, settlement.revision, settlement.worker_id


def _one_by_one(
    tx: sqlite3.Connection, settlements: Sequence[Settlement], ready: list[Ticket], now: float
) -> Settled:
    refused: list[Settlement] = []
    statuses: dict[str, JobStatus] = {}
    for settlement in settlements:
        before = select_job(tx, settlement.job_id)
        after = (
            Rejection("no such job") if before is None else transition(tx, before, settlement, now)
        )
        if isinstance(after, Rejection):
            if not has_landed(tx, settlement):
                refused.append(settlement)
            continue
        if after.status is JobStatus.QUEUED:
            ready.append(Ticket(after.id, after.revision, after.queue))
        if after.status is JobStatus.CANCELLED:
            statuses[after.id] = after.status
    return Settled(refused=refused, ready=ready, statuses=statuses)
