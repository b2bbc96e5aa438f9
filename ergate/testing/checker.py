"""Says whether a run kept its promises, from what it left behind: jobs, history, side effects.

It reads only results, so it knows nothing of how a store or a worker came to them, and the same
checks hold after a quiet run and after a storm of kills.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ergate.contracts.state_store import JobFilter, StateStore
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus

S = JobStatus
WAITING = frozenset({S.QUEUED, S.SCHEDULED})
FINAL = frozenset(status for status in JobStatus if status.is_final)
LEGAL: Mapping[str, tuple[frozenset[JobStatus], frozenset[JobStatus]]] = {
    "applied": (frozenset({S.QUEUED}), frozenset({S.QUEUED, S.COMPLETED, S.CANCELLED})),
    "retried": (frozenset({S.QUEUED}), frozenset({S.SCHEDULED, S.CANCELLED})),
    "failed": (frozenset({S.QUEUED}), frozenset({S.FAILED})),
    "aborted": (frozenset({S.QUEUED}), frozenset({S.ABORTED})),
    "released": (frozenset({S.QUEUED}), frozenset({S.QUEUED, S.CANCELLED})),
    "unroutable": (frozenset({S.QUEUED}), frozenset({S.SCHEDULED, S.CANCELLED})),
    "recovered": (
        frozenset({S.QUEUED}),
        frozenset({S.QUEUED, S.SCHEDULED, S.FAILED, S.CANCELLED}),
    ),
    "due": (frozenset({S.SCHEDULED}), frozenset({S.QUEUED})),
    "cancelled": (WAITING, frozenset({S.CANCELLED})),
    "restarted": (FINAL, frozenset({S.QUEUED})),
    "departed": (WAITING, frozenset({S.PENDING})),
    "arrived": (frozenset({S.PENDING}), WAITING),
    "delivered": (frozenset({S.SCHEDULED}), frozenset({S.QUEUED})),
}
"""By event: the statuses before it (a claim in between aside) and after it."""

ALL_PERCENT = 100.0
PAGE = 500


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a run left behind in its state store."""

    jobs: Mapping[str, JobRecord]
    history: Mapping[str, Sequence[HistoryRow]]
    ready: int
    """How many jobs the ready list still offers."""


def aftermath_of(store: StateStore) -> Aftermath:
    """Read everything that `store` holds; meant for a store that nobody writes to any more."""
    jobs: dict[str, JobRecord] = {}
    while page := store.list(JobFilter(), limit=PAGE, offset=len(jobs)):
        jobs.update((record.id, record) for record in page)
    history = {job_id: store.history(job_id) for job_id in jobs}
    return Aftermath(jobs, history, sum(stats.ready for stats in store.queues()))


def violations(
    aftermath: Aftermath,
    *,
    accepted: Iterable[str] | None = None,
    effects: Sequence[str] | None = None,
    most_repeats: int | None = None,
) -> list[str]:
    """Return every broken promise as a sentence; an empty list means that all were kept.

    `accepted` are the ids of all jobs that were handed in. `effects` are the idempotency keys that
    the steps logged, one per run of a step, and `most_repeats` is how many of them may be extra.
    """
    found: list[str] = []
    if accepted is not None:
        found += _population(aftermath, set(accepted))
    for job in aftermath.jobs.values():
        found += [f"job {job.id}: {problem}" for problem in _story(job, aftermath.history[job.id])]
    found += _leftovers(aftermath)
    if effects is not None:
        found += _effects(aftermath, effects, most_repeats)
    return found


def _population(aftermath: Aftermath, accepted: set[str]) -> Iterator[str]:
    there = set(aftermath.jobs)
    yield from (f"job {job_id} was accepted and is lost" for job_id in sorted(accepted - there))
    yield from (f"job {job_id} was handed in by nobody" for job_id in sorted(there - accepted))


def _leftovers(aftermath: Aftermath) -> Iterator[str]:
    queued = sum(job.status is S.QUEUED for job in aftermath.jobs.values())
    if queued != aftermath.ready:
        yield f"{queued} jobs are QUEUED, but the ready list offers {aftermath.ready}"


def _story(job: JobRecord, rows: Sequence[HistoryRow]) -> Iterator[str]:
    """Check one job against its history."""
    if not rows or rows[0].event != "submitted":
        yield "its history does not begin with its submission"
        return
    for before, after in pairwise(rows):
        yield from _step_of_history(before, after)
    yield from _ending(job, rows)
    yield from _applied_once(job, rows)


def _step_of_history(before: HistoryRow, after: HistoryRow) -> Iterator[str]:
    # A claim raises the revision and has no row: its worker stands in the row that ends it.
    claims = 0 if after.worker_id is None else 1
    if after.revision != before.revision + 1 + claims:
        yield f"revision {after.revision} ({after.event}) follows {before.revision}"
    from_, to = LEGAL.get(after.event, (frozenset(), frozenset()))
    if before.status not in from_ or after.status not in to:
        yield f"{after.event} led from {before.status} to {after.status}"
    if after.claimed_at is not None and after.claimed_at > after.at:
        yield f"revision {after.revision} ended before its claim began"


def _ending(job: JobRecord, rows: Sequence[HistoryRow]) -> Iterator[str]:
    last = rows[-1]
    is_held = job.status is S.RUNNING
    if job.revision != last.revision + is_held:
        yield f"it is at revision {job.revision}, but its history ends at {last.revision}"
    if job.status is not (S.RUNNING if is_held else last.status):
        yield f"it is {job.status}, but its history ends with {last.status}"
    if is_held != (job.worker_id is not None):
        yield f"it is {job.status} and held by {job.worker_id}"
    if job.status is S.COMPLETED and job.percent_completed != ALL_PERCENT:
        yield f"it is COMPLETED at {job.percent_completed} %"


def _applied_once(job: JobRecord, rows: Sequence[HistoryRow]) -> Iterator[str]:
    seq = 0
    for row in rows:
        if row.event == "restarted":  # another input must not pass for what ran before
            if row.seq not in (seq, seq + 1):
                yield f"it was restarted at seq {row.seq}, and {seq} was next"
            seq = row.seq
        elif row.seq != seq:
            yield f"revision {row.revision} is about seq {row.seq}, and {seq} was next"
            seq = row.seq
        seq += row.event == "applied"
    if job.seq != seq:
        yield f"its seq is {job.seq}, and {seq} was next"
    yield from _holds_last_result(job, rows)


def _holds_last_result(job: JobRecord, rows: Sequence[HistoryRow]) -> Iterator[str]:
    if any(row.event == "restarted" for row in rows):
        return  # a restart may go back, and change the input
    applied = [row for row in rows if row.event == "applied"]
    # What is delivered for the first step is the job's own input.
    given = [row for row in rows if row.event == "delivered" and row.seq]
    if applied:
        last = max(applied[-1:] + given[-1:], key=lambda row: row.revision)
        if last.result != job.last_return_value:
            what = "the last step gave" if last.event == "applied" else "what was delivered is"
            yield f"it holds {job.last_return_value}, and {what} {last.result}"
    if job.steps_completed != len(applied):
        yield f"{job.steps_completed} steps are completed, and {len(applied)} were applied"


def _effects(
    aftermath: Aftermath, effects: Sequence[str], most_repeats: int | None
) -> Iterator[str]:
    applied = {
        f"{job_id}:{row.seq}"
        for job_id, rows in aftermath.history.items()
        for row in rows
        if row.event == "applied"
    }
    yield from (f"step {key} was applied and never ran" for key in sorted(applied - set(effects)))
    repeats = sum(count - 1 for count in Counter(effects).values())
    if most_repeats is not None and repeats > most_repeats:
        yield f"{repeats} runs of steps were repeats; at most {most_repeats} can be explained"
