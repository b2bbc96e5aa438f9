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

# A batch goes into a table in memory first, so that a statement is one call for all of its rows:
# while SQLite works on it, steps run beside it.
BATCH_TABLE = """
    CREATE TEMP TABLE batch (id TEXT, revision INTEGER, worker_id TEXT, status TEXT, at REAL,
                             result TEXT, step INTEGER, step_name TEXT, queue TEXT, percent REAL,
                             fingerprint TEXT)
"""
_FILL = "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

# The history row is written first: it needs the values from before, and it carries the guard.
_HISTORY = """
    INSERT INTO history (job_id, revision, event, status, seq, step_name, next_step, attempt,
                         worker_id, claimed_at, at, result)
    SELECT jobs.id, jobs.revision + 1, 'applied', batch.status, seq, jobs.step_name,
           batch.step_name, attempt, jobs.worker_id, claimed_at, batch.at, batch.result
    FROM batch CROSS JOIN jobs ON jobs.id = batch.id AND jobs.revision = batch.revision
     AND jobs.worker_id = batch.worker_id AND jobs.status = 'running' AND NOT cancel_requested
"""

_APPLIED = """
    revision = jobs.revision + 1, seq = seq + 1, steps_completed = steps_completed + 1,
    attempt = 0, deliveries = 0, alone = 0, unroutable = 0, error = NULL, worker_id = NULL,
    claimed_at = NULL, status = batch.status, last_return_value = batch.result,
    updated_at = batch.at
"""

_ADVANCE = f"""
    UPDATE jobs SET {_APPLIED}, current_step = batch.step, step_name = batch.step_name,
           queue = batch.queue, percent_completed = max(percent_completed, batch.percent),
           fingerprint = batch.fingerprint, ready_at = batch.at
    FROM batch WHERE jobs.id = batch.id AND batch.status = 'queued'
"""

_READY = """
    INSERT INTO ready (queue, rank, ready_at, job_id, revision, alone)
    SELECT jobs.queue, -priority, ready_at, jobs.id, jobs.revision, alone
    FROM batch CROSS JOIN jobs ON jobs.id = batch.id AND batch.status = 'queued'
"""

_COMPLETE = f"""
    UPDATE jobs SET {_APPLIED}, percent_completed = 100.0, due_at = NULL, finished_at = batch.at
    FROM batch WHERE jobs.id = batch.id AND batch.status = 'completed'
"""

Row = tuple[object, ...]


def settle(tx: sqlite3.Connection, settlements: Sequence[Settlement], now: float) -> Settled:
    """Write `settlements` in the caller's transaction."""
    applied = [s for s in settlements if isinstance(s.outcome, Advanced | Completed)]
    if not _apply_all(tx, applied, now):
        return _one_by_one(tx, settlements, [], now)
    ready = [
        Ticket(s.job_id, s.revision + 1, s.outcome.queue)
        for s in applied
        if isinstance(s.outcome, Advanced)
    ]
    others = [s for s in settlements if not isinstance(s.outcome, Advanced | Completed)]
    return _one_by_one(tx, others, ready, now)


def _apply_all(tx: sqlite3.Connection, settlements: Sequence[Settlement], now: float) -> bool:
    """Write what steps returned for all of `settlements`, or for none when one does not hold."""
    # A microsecond apart, so that the jobs of a batch wait in its order.
    rows = [_row(settlement, now + number * 1e-6) for number, settlement in enumerate(settlements)]
    tx.executemany(_FILL, rows)
    do_hold = _write_history(tx, len(rows))
    if do_hold:
        for statement in (_ADVANCE, _READY, _COMPLETE):
            tx.execute(statement)
    tx.execute("DELETE FROM batch")
    return do_hold


def _row(settlement: Settlement, at: float) -> Row:
    guard = (settlement.job_id, settlement.revision, settlement.worker_id)
    outcome = settlement.outcome
    if isinstance(outcome, Completed):
        return *guard, JobStatus.COMPLETED, at, outcome.result, None, None, None, None, None
    assert isinstance(outcome, Advanced)
    return (
        *guard,
        JobStatus.QUEUED,
        at,
        outcome.result,
        outcome.step,
        outcome.step_name,
        outcome.queue,
        outcome.percent,
        outcome.fingerprint,
    )


def _write_history(tx: sqlite3.Connection, expected: int) -> bool:
    """Write a history row for each row of the batch, or none when not all of them hold."""
    tx.execute("SAVEPOINT bulk")
    try:
        written = tx.execute(_HISTORY).rowcount
    except sqlite3.IntegrityError:  # the same settlement twice in one batch
        written = -1
    if written != expected:
        tx.execute("ROLLBACK TO bulk")
    tx.execute("RELEASE bulk")
    return written == expected


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
