"""Jobs that leave for another store, and those that come from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ergate.contracts.moving import Admitted, Traveller
from ergate.jobs.events import Departed
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate_backends.memory.board import Board


def depart(board: Board, limit: int, destination: str, now: float) -> list[Traveller]:
    """Let waiting jobs go: what is ready first, then what comes due first."""
    ready = [row.ticket.job_id for row in board.ready.in_order()]
    waiting = [*ready, *board.due(float("inf"))][: max(limit, 0)]
    for job_id in waiting:
        board.play(job_id, Departed(destination), now)
    return [_traveller(board, job_id) for job_id in waiting]


def departed(board: Board, limit: int, offset: int) -> list[Traveller]:
    """Return the PENDING jobs, the first to depart first."""
    pending = [job for job in board.jobs.values() if job.status is JobStatus.PENDING]
    in_order = sorted(pending, key=lambda job: (job.updated_at, job.created_at, job.id))
    return [_traveller(board, job.id) for job in in_order[offset : offset + max(limit, 0)]]


def admit(board: Board, travellers: Sequence[Traveller], now: float) -> Admitted:
    """Take in jobs of another store, in their order."""
    ready: list[Ticket] = []
    kept_out: list[str] = []
    for traveller in travellers:
        new = traveller.arrived(now)
        here = board.jobs.get(new.job.id)
        if here is not None and not _comes_back(here, new.job):
            kept_out += [] if here.created_at == new.job.created_at else [new.job.id]
            continue
        if here is not None:
            board.forget(here.id)
        ticket = board.admit(new, now)
        ready += [] if ticket is None else [ticket]
    return Admitted(ready, kept_out)


def _comes_back(here: JobRecord, new: JobRecord) -> bool:
    is_same = here.created_at == new.created_at
    return is_same and here.status is JobStatus.PENDING and here.revision < new.revision


def dismiss(board: Board, gone: Mapping[str, int]) -> int:
    """Delete PENDING jobs that are still at these revisions."""
    jobs = [job for job_id in gone if (job := board.jobs.get(job_id)) is not None]
    done = [
        job.id for job in jobs if job.status is JobStatus.PENDING and job.revision == gone[job.id]
    ]
    for job_id in done:
        board.forget(job_id)
    return len(done)


def _traveller(board: Board, job_id: str) -> Traveller:
    return Traveller(board.jobs[job_id], board.ledger.of(job_id))
