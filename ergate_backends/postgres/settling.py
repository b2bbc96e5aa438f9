"""Settlements: what steps returned in one statement, everything else as locked transitions."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.state_store import Settled
from ergate.jobs.events import Advanced, Completed, Event, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import landed
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import Connection
from ergate_backends.postgres.rows import as_json, history_of_row, storable
from ergate_backends.postgres.transition import lock, made_ready, transit

_HISTORY = """
    SELECT {history_columns} FROM {schema}.history WHERE job_id = %(id)s AND revision = %(revision)s
"""


def settle(acts: Acts, settlements: Sequence[Settlement]) -> Settled:
    """Write outcomes; each is atomic, and those that landed before are not refused."""
    with acts.pool.use() as connection:
        return settle_on(acts, connection, settlements)


def settle_on(acts: Acts, connection: Connection, settlements: Sequence[Settlement]) -> Settled:
    """Write outcomes on a connection in hand, in its transaction if it has one open."""
    applied = _apply(acts, connection, settlements)
    rest = [one for number, one in enumerate(settlements) if number not in applied]
    refused: list[Settlement] = []
    statuses: dict[str, JobStatus] = {}
    ready = [_ticket(settlements[number]) for number in sorted(applied)]
    if rest:
        with connection.transaction():
            late = _settle_locked(acts, connection, rest, ready, statuses)
            refused = [one for one in late if not _has_landed(acts, connection, one)]
    return Settled(refused, [ticket for ticket in ready if ticket is not None], statuses)


def _apply(acts: Acts, connection: Connection, settlements: Sequence[Settlement]) -> set[int]:
    """Write what steps returned; return the places of those that were written."""
    batch = [
        _row(number, one)
        for number, one in enumerate(settlements)
        if isinstance(one.outcome, Advanced | Completed)
    ]
    if not batch:
        return set()
    return {number for (number,) in acts.on(connection, "settle", batch=as_json(batch))}


def _row(number: int, settlement: Settlement) -> dict[str, object]:
    outcome = settlement.outcome
    row: dict[str, object] = {
        "i": number,
        "id": storable(settlement.job_id),
        "revision": settlement.revision,
        "worker_id": storable(settlement.worker_id),
    }
    if isinstance(outcome, Completed):
        return row | {"status": "completed", "result": outcome.result, "percent": 100.0}
    assert isinstance(outcome, Advanced)
    return row | {
        "status": "queued",
        "result": outcome.result,
        "percent": outcome.percent,
        "step": outcome.step,
        "step_name": storable(outcome.step_name),
        "queue": storable(outcome.queue),
        "fingerprint": storable(outcome.fingerprint),
    }


def _ticket(settlement: Settlement) -> Ticket | None:
    outcome = settlement.outcome
    if not isinstance(outcome, Advanced):
        return None
    return Ticket(settlement.job_id, settlement.revision + 1, outcome.queue)


def _settle_locked(
    acts: Acts,
    connection: Connection,
    settlements: Sequence[Settlement],
    ready: list[Ticket | None],
    statuses: dict[str, JobStatus],
) -> list[Settlement]:
    """Write what can be written; return the others. Of several for one job the first counts."""
    locked = lock(acts, connection, (one.job_id for one in settlements))
    jobs = {job.id: job for job in locked.jobs}
    events: list[tuple[JobRecord, Event]] = []
    written: list[Settlement] = []
    late: list[Settlement] = []
    for one in settlements:
        before = jobs.get(storable(one.job_id))
        if before is not None and _holds(before, one):
            del jobs[before.id]
            events.append((before, one))
            written.append(one)
        else:
            late.append(one)
    afters = transit(acts, connection, locked, events)
    ready += [Ticket(job.id, job.revision, job.queue) for job in made_ready(afters)]
    statuses |= {
        job.id: job.status
        for job in afters
        if isinstance(job, JobRecord) and job.status is JobStatus.CANCELLED
    }
    return late


def _holds(before: JobRecord, one: Settlement) -> bool:
    """Whether the pure function will accept this settlement."""
    is_held = before.status is JobStatus.RUNNING and before.worker_id == storable(one.worker_id)
    return is_held and before.revision == one.revision


def _has_landed(acts: Acts, connection: Connection, one: Settlement) -> bool:
    rows = acts.on(
        connection, acts.sql.of(_HISTORY), id=storable(one.job_id), revision=one.revision + 1
    )
    return any(landed(history_of_row(row), one) for row in rows)
