"""Any transition, the plain way: read the jobs, ask the pure function, write unless they moved.

The hot acts (a claim, a step applied) have scripts of their own beside this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from ergate.errors import BackendUnavailable, CorruptRecord, JobNotFoundError, UsageError
from ergate.jobs.errors import JobError
from ergate.jobs.events import CancelAsked, Event, Settlement
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.transitions import Rejection, apply, history_of
from ergate_backends.redis.rows import changes_of, history_row, packed, record_of, stored
from ergate_backends.redis.server import Argument, Server

ATTEMPTS = 20
"""How often a transition is worked out anew because the job moved meanwhile."""
BATCH = 200

Played = tuple[JobRecord | None, JobRecord | Rejection]
"""A job as it was, and as it is now or why it is not."""


def read(server: Server, ids: Sequence[str]) -> tuple[float, dict[str, JobRecord]]:
    """Return the time, and those of the jobs that exist; a damaged one becomes FAILED.

    What stands in a damaged hash is left as it is, for a person to look at; it is left out.
    """
    now, rows = server.run("read", *ids, repeatable=True)
    jobs: dict[str, JobRecord] = {}
    for job_id, values in zip(ids, rows, strict=True):
        if values:
            try:
                jobs[job_id] = record_of(job_id, values)
            except CorruptRecord as exc:
                fail_damaged(server, job_id, exc)
    return float(now), jobs


def read_one(server: Server, job_id: str) -> JobRecord | None:
    """Return a job, or None. Raises `CorruptRecord` for one that cannot be read."""
    _, (values,) = server.run("read", job_id, repeatable=True)
    return record_of(job_id, values) if values else None


def read_many(server: Server, ids: Sequence[str]) -> dict[str, JobRecord]:
    """Return those of the jobs that exist and can be read."""
    found: dict[str, JobRecord] = {}
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        _, rows = server.run("read", *batch, repeatable=True)
        for job_id, values in zip(batch, rows, strict=True):
            if values:
                with suppress(CorruptRecord):
                    found[job_id] = record_of(job_id, values)
    return found


def play(
    server: Server, ids: Sequence[str], event_for: Callable[[JobRecord], Event]
) -> dict[str, Played]:
    """Apply to each of the jobs the event that `event_for` names; return what became of them.

    Each job is one atomic act: it is written only as it was read, else read again.
    """
    played: dict[str, Played] = {}
    for first in range(0, len(ids), BATCH):
        _play_batch(server, list(ids[first : first + BATCH]), event_for, played)
    return played


def _play_batch(
    server: Server,
    open_: list[str],
    event_for: Callable[[JobRecord], Event],
    played: dict[str, Played],
) -> None:
    for _ in range(ATTEMPTS):
        now, jobs = read(server, open_)
        moves: list[tuple[JobRecord, Event, JobRecord]] = []
        for job_id in open_:
            before = jobs.get(job_id)
            if before is None:
                played[job_id] = None, Rejection("no such job")
                continue
            event = event_for(before)
            after = apply(before, event, now)
            if isinstance(after, Rejection):
                played[job_id] = before, after
            else:
                moves.append((before, event, after))
        for (before, _, after), word in zip(moves, _write(server, moves), strict=True):
            if word == b"done":
                played[before.id] = before, after
        open_ = [before.id for before, _, _ in moves if before.id not in played]
        if not open_:
            return
    raise BackendUnavailable(f"Job {open_[0]} is changed by others faster than it can be written.")


def _write(server: Server, moves: Sequence[tuple[JobRecord, Event, JobRecord]]) -> Sequence[bytes]:
    arguments: list[Argument] = []
    for before, event, after in moves:
        row = history_of(before, event, after)
        applied = row is not None and row.event == "applied"
        columns = changes_of(before, after)
        arguments += (before.id, before.revision, int(before.cancel_requested))
        arguments += (stored(before.due_at),)
        arguments += ("", "") if row is None else (packed(row), row.revision)
        arguments += (before.seq if applied else "", len(columns), *columns)
    words: Sequence[bytes] = server.run("write", *arguments) if moves else []
    if b"doubled" in words:
        job_id = moves[words.index(b"doubled")][0].id
        raise CorruptRecord(f"Job {job_id} already has this transition in its history.")
    return words


def order(server: Server, job_id: str, event: Event) -> JobRecord:
    """Do what somebody outside wants with one job."""
    before, after = play(server, [job_id], lambda _: event)[job_id]
    if before is None:
        raise JobNotFoundError(f"There is no job {job_id!r}. See `ergate jobs list`.")
    if isinstance(after, Rejection):
        raise UsageError(f"Job {job_id} cannot do that: it is {after.reason}.")
    return after


def purge(server: Server, queue: str) -> int:
    """Cancel every job that waits in `queue`; return how many it were."""
    waiting = [
        row[16:]
        for kind in ("ready", "sent")
        for row in server.command("ZRANGE", server.key(kind, queue), 0, -1)
    ]
    waiting += server.command("ZRANGE", server.key("due", queue), 0, -1)
    ids = [job_id.decode() for job_id in waiting]
    done = play(server, ids, lambda _: CancelAsked())
    return sum(
        isinstance(after, JobRecord) and not after.cancel_requested for _, after in done.values()
    )


def history(server: Server, job_id: str) -> list[HistoryRow]:
    """Return a job's history rows by revision."""
    flat = server.command("HGETALL", server.key("history", job_id))
    pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
    rows = [history_row(job_id, value) for name, value in pairs if name.isdigit()]
    return sorted(rows, key=lambda row: row.revision)


def row_at(server: Server, settlement: Settlement) -> HistoryRow | None:
    """Return the history row that stands where this settlement's own would."""
    key = server.key("history", settlement.job_id)
    row = server.command("HGET", key, settlement.revision + 1)
    return None if row is None else history_row(settlement.job_id, row)


def fail_damaged(server: Server, job_id: str, damage: CorruptRecord) -> None:
    """End a job that cannot be read: it would stop one worker after the other."""
    error = JobError(type="CorruptRecord", message=str(damage)).to_json()
    server.run("fail_damaged", job_id, error)
