"""Jobs that leave for another store, and those that come from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ergate.contracts.moving import Admitted, Traveller
from ergate.jobs.events import Departed
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate_backends.redis.ordering import play, read
from ergate_backends.redis.rows import columns_of, history_row, packed
from ergate_backends.redis.server import Argument, Server

ATTEMPTS = 3
"""How often to look again when workers were faster with every job that was found."""


def depart(server: Server, limit: int, destination: str) -> list[Traveller]:
    """Let waiting jobs go; each is one atomic act, and a worker that is faster keeps its job."""
    if limit <= 0:
        return []
    for _ in range(ATTEMPTS):
        ids = [job_id.decode() for job_id in server.run("waiting", limit, repeatable=True)]
        played = play(server, ids, lambda _: Departed(destination))
        afters = [played[job_id][1] for job_id in ids]
        gone = [after for after in afters if isinstance(after, JobRecord)]
        if gone or not ids:
            return _travellers(server, gone)
    return []


def departed(server: Server, limit: int, offset: int) -> list[Traveller]:
    """Return the PENDING jobs, the first to depart first."""
    pending = server.run("pending", max(limit, 0), offset, repeatable=True)
    ids = [job_id.decode() for job_id in pending]
    _, jobs = read(server, ids)
    on_their_way = [jobs[one] for one in ids if one in jobs]
    return _travellers(server, [job for job in on_their_way if job.status is JobStatus.PENDING])


def _travellers(server: Server, jobs: Sequence[JobRecord]) -> list[Traveller]:
    if not jobs:
        return []
    found = server.run("histories", *[job.id for job in jobs], repeatable=True)
    return [Traveller(job, _history(job.id, flat)) for job, flat in zip(jobs, found, strict=True)]


def _history(job_id: str, flat: Sequence[bytes]) -> list[HistoryRow]:
    pairs = zip(flat[::2], flat[1::2], strict=True)
    rows = [history_row(job_id, value) for name, value in pairs if name.isdigit()]
    return sorted(rows, key=lambda row: row.revision)


def admit(server: Server, travellers: Sequence[Traveller]) -> Admitted:
    """Take in jobs of another store, in their order."""
    if not travellers:
        return Admitted()
    arguments: list[Argument] = []
    now = server.now()
    come = {one.job.id: one.arrived(now) for one in travellers}
    for new in come.values():
        rows, columns = _rows(new.history[:-1]), columns_of(new.job)
        arguments += (new.job.id, packed(new.history[-1]))
        arguments += (len(rows), *rows, len(columns), *columns)
    stored, kept_out = server.run("admit", *arguments, repeatable=True)
    jobs = [come[job_id.decode()].job for job_id in stored]
    ready = [
        Ticket(job.id, job.revision, job.queue) for job in jobs if job.status is JobStatus.QUEUED
    ]
    return Admitted(ready, [job_id.decode() for job_id in kept_out])


def _rows(history: Sequence[HistoryRow]) -> list[Argument]:
    """Return the fields of a job's history: a row by its revision, and who applied which seq."""
    fields: list[Argument] = []
    for row in history:
        fields += (row.revision, packed(row))
        if row.event == "applied":
            fields += (f"seq:{row.seq}", row.revision)
    return fields


def dismiss(server: Server, gone: Mapping[str, int]) -> int:
    """Delete PENDING jobs that are still at these revisions."""
    pairs = [text for job_id, revision in gone.items() for text in (job_id, revision)]
    return int(server.run("dismiss", *pairs, repeatable=True)) if pairs else 0
