"""All transitions of a job, as one pure function.

Every backend does the same in its own language; this one is the reference for the conformance
suite, the state-machine test, the model check and the checker of chaos runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from ergate.jobs.errors import JobError
from ergate.jobs.events import (
    Aborted,
    Advanced,
    Arrived,
    CameDue,
    CancelAsked,
    Claim,
    Completed,
    Deferred,
    Delivered,
    Departed,
    Event,
    Failed,
    Outcome,
    Postponed,
    Released,
    RestartAsked,
    Retried,
    Settlement,
    Unroutable,
    WorkerDied,
)
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.retry import backoff_s
from ergate.jobs.status import JobStatus
from ergate.jobs.waiting import ON_ITS_WAY, delivered, postponed, refusal


@dataclass(frozen=True, slots=True)
class Rejection:
    """The event does not apply to the job as it is; nothing changes."""

    reason: str


def apply(record: JobRecord, event: Event, now: float) -> JobRecord | Rejection:
    """Return the job after `event` at time `now`, or why the event is refused."""
    match event:
        case Claim():
            return _claim(record, event, now)
        case Settlement():
            return _settle(record, event, now)
        case WorkerDied():
            return _worker_died(record, event, now)
        case CameDue():
            return _came_due(record, now)
        case CancelAsked():
            return _cancel(record, now)
        case RestartAsked():
            return _restart(record, event, now)
        case Departed() | Arrived():
            return _travel(record, event, now)
        case Delivered() | Postponed():
            return _from_outside(record, event, now)
        case _:
            assert_never(event)


def _claim(record: JobRecord, event: Claim, now: float) -> JobRecord | Rejection:
    if record.status is not JobStatus.QUEUED or record.revision != event.revision:
        return Rejection(f"not queued at revision {event.revision}")
    # The delivery counts before the step runs, so that a step that kills its worker is noticed.
    return replace(
        record,
        status=JobStatus.RUNNING,
        revision=record.revision + 1,
        deliveries=record.deliveries + 1,
        worker_id=event.worker_id,
        claimed_at=now,  # `updated_at` stays: it tells since when the job was ready
    )


def _settle(record: JobRecord, event: Settlement, now: float) -> JobRecord | Rejection:
    held = record.status is JobStatus.RUNNING and record.worker_id == event.worker_id
    if not held or record.revision != event.revision:
        return Rejection(f"not held by {event.worker_id} at revision {event.revision}")
    let_go = _let_go(record, now)
    if record.cancel_requested and not isinstance(event.outcome, Completed | Failed | Aborted):
        return _ended(_applied(let_go, event.outcome), JobStatus.CANCELLED, now)
    return _outcome(let_go, event.outcome, now)


def _outcome(record: JobRecord, outcome: Outcome, now: float) -> JobRecord:
    """Return the job after `outcome`; `record` has already let go of its worker."""
    match outcome:
        case Advanced():
            return replace(_applied(record, outcome), status=JobStatus.QUEUED)
        case Deferred(_, pause_s, due_at):
            due_at = now + pause_s if due_at is None else due_at
            applied = replace(_applied(record, outcome), status=JobStatus.QUEUED)
            return applied if due_at <= now else _scheduled(applied, due_at)
        case Completed():
            return _ended(_applied(record, outcome), JobStatus.COMPLETED, now)
        case Retried(error, pause_s):
            waiting = replace(record, attempt=record.attempt + 1, error=error)
            return _scheduled(_undelivered(waiting), now + pause_s)
        case Failed(error):
            return _ended(replace(record, error=error), JobStatus.FAILED, now)
        case Aborted(error):
            return _ended(replace(record, error=error), JobStatus.ABORTED, now)
        case Released():
            return replace(record, status=JobStatus.QUEUED, deliveries=record.deliveries - 1)
        case Unroutable(_, pause_s):
            back = replace(
                record, deliveries=record.deliveries - 1, unroutable=record.unroutable + 1
            )
            return _scheduled(back, now + pause_s)
        case _:
            assert_never(outcome)


def _applied(record: JobRecord, outcome: Outcome) -> JobRecord:
    """Return the job with a step's result written to it; other outcomes leave it as it is."""
    if isinstance(outcome, Deferred):
        outcome = outcome.move
    if isinstance(outcome, Advanced):
        record = replace(
            record,
            current_step=outcome.step,
            step_name=outcome.step_name,
            queue=outcome.queue,
            percent_completed=max(record.percent_completed, outcome.percent),
            fingerprint=outcome.fingerprint,
        )
    elif isinstance(outcome, Completed):
        record = replace(record, percent_completed=100.0)
    else:
        return record
    return replace(
        _undelivered(record),
        seq=record.seq + 1,
        steps_completed=record.steps_completed + 1,
        last_return_value=outcome.result,
        attempt=0,
        error=None,
    )


def _worker_died(record: JobRecord, event: WorkerDied, now: float) -> JobRecord | Rejection:
    if record.status is not JobStatus.RUNNING or record.worker_id != event.worker_id:
        return Rejection(f"not held by {event.worker_id}")
    freed = _let_go(record, now)
    if record.cancel_requested:
        return _ended(freed, JobStatus.CANCELLED, now)
    if event.blame is False:
        return replace(freed, status=JobStatus.QUEUED, deliveries=record.deliveries - 1)
    policy = event.policy
    if record.deliveries >= policy.max_deliveries:
        return _ended(replace(freed, error=_death(record, event)), JobStatus.FAILED, now)
    last_chance = record.deliveries >= policy.max_deliveries - 1
    freed = replace(freed, alone=event.blame is None or last_chance)
    if record.deliveries <= 1:  # one death is most often the machine's doing: no pause
        return replace(freed, status=JobStatus.QUEUED)
    pause_s = backoff_s(
        record.deliveries - 1, policy.pause_initial_s, policy.pause_factor, policy.pause_max_s
    )
    return _scheduled(freed, now + pause_s)


def _death(record: JobRecord, event: WorkerDied) -> str:
    times = f"{record.deliveries} times" if record.deliveries > 1 else "once"
    return JobError(
        type="WorkerDied",
        message=f"The worker died {times} while it ran this step; last: {event.reason}.",
        step_name=record.step_name,
    ).to_json()


def _came_due(record: JobRecord, now: float) -> JobRecord | Rejection:
    if record.status is not JobStatus.SCHEDULED or record.due_at is None or record.due_at > now:
        return Rejection("not scheduled, or not due yet")
    return replace(
        record,
        status=JobStatus.QUEUED,
        due_at=None,
        revision=record.revision + 1,
        updated_at=now,
    )


def _cancel(record: JobRecord, now: float) -> JobRecord | Rejection:
    if record.status.is_final:
        return Rejection(f"already {record.status}")
    if record.status is JobStatus.PENDING:
        # It may run elsewhere by now: whatever is decided here would be heard by nobody.
        return Rejection(ON_ITS_WAY)
    if record.status is JobStatus.RUNNING:
        # A request is no transition: a new revision would fence out the worker that runs the step.
        return replace(record, cancel_requested=True)
    return _ended(
        replace(record, revision=record.revision + 1, updated_at=now), JobStatus.CANCELLED, now
    )


def _restart(record: JobRecord, event: RestartAsked, now: float) -> JobRecord | Rejection:
    if record.status is JobStatus.PENDING:
        return Rejection(ON_ITS_WAY)
    if not record.status.is_final:
        return Rejection(f"still {record.status}")
    first = event.steps_completed == 0
    # The same step with the same input keeps its idempotency key: what it did outside may have
    # happened. Anything else must not be taken for it. A completed job has used up all its keys.
    is_same = event.step_name == record.step_name and event.input_json == record.input_json
    keeps_key = is_same or record.status is JobStatus.COMPLETED
    return replace(
        _undelivered(record),
        status=JobStatus.QUEUED,
        revision=record.revision + 1,
        seq=record.seq if keeps_key else record.seq + 1,
        current_step=event.step,
        step_name=event.step_name,
        fingerprint=event.fingerprint,
        queue=event.queue,
        steps_completed=event.steps_completed,
        percent_completed=event.percent,
        initial_input_value=event.input_json if first else record.initial_input_value,
        last_return_value="null" if first else event.input_json,
        attempt=0,
        error=None,
        cancel_requested=False,
        finished_at=None,
        updated_at=now,
    )


def _travel(record: JobRecord, event: Departed | Arrived, now: float) -> JobRecord | Rejection:
    return _depart(record, now) if isinstance(event, Departed) else _arrive(record, now)


def _depart(record: JobRecord, now: float) -> JobRecord | Rejection:
    if record.status not in (JobStatus.QUEUED, JobStatus.SCHEDULED):
        return Rejection(f"not waiting: it is {record.status}")
    # `due_at` stays: it alone tells what the job becomes when it arrives.
    return replace(record, status=JobStatus.PENDING, revision=record.revision + 1, updated_at=now)


def _arrive(record: JobRecord, now: float) -> JobRecord | Rejection:
    if record.status is not JobStatus.PENDING:
        return Rejection(f"not on its way: it is {record.status}")
    return replace(
        record,
        status=JobStatus.QUEUED if record.due_at is None else JobStatus.SCHEDULED,
        revision=record.revision + 1,
        updated_at=now,
    )


def _from_outside(
    record: JobRecord, event: Delivered | Postponed, now: float
) -> JobRecord | Rejection:
    reason = refusal(record, event)
    if reason is not None:
        return Rejection(reason)
    if isinstance(event, Delivered):
        return delivered(record, event, now)
    return postponed(record, event)


def _let_go(record: JobRecord, now: float) -> JobRecord:
    return replace(
        record, revision=record.revision + 1, worker_id=None, claimed_at=None, updated_at=now
    )


def _undelivered(record: JobRecord) -> JobRecord:
    return replace(record, deliveries=0, alone=False, unroutable=0)


def _scheduled(record: JobRecord, due_at: float) -> JobRecord:
    return replace(record, status=JobStatus.SCHEDULED, due_at=due_at)


def _ended(record: JobRecord, status: JobStatus, now: float) -> JobRecord:
    return replace(record, status=status, finished_at=now, due_at=None, cancel_requested=False)


# --- what the history says about a transition -----------------------------------------------------

_OUTCOME_NAMES: dict[type[Outcome], str] = {
    Advanced: "applied",
    Deferred: "applied",
    Completed: "applied",
    Retried: "retried",
    Failed: "failed",
    Aborted: "aborted",
    Released: "released",
    Unroutable: "unroutable",
}
_EVENT_NAMES: dict[type[Event], str] = {
    Claim: "claimed",
    WorkerDied: "recovered",
    CameDue: "due",
    CancelAsked: "cancelled",
    RestartAsked: "restarted",
    Departed: "departed",
    Arrived: "arrived",
    Delivered: "delivered",
    Postponed: "postponed",
}


def submitted(record: JobRecord) -> HistoryRow:
    """Return the first history row of a new job."""
    return HistoryRow(
        job_id=record.id,
        revision=record.revision,
        event="submitted",
        status=record.status,
        seq=record.seq,
        step_name=record.step_name,
        next_step=None,
        attempt=record.attempt,
        worker_id=None,
        claimed_at=None,
        at=record.created_at,
        result=None,
        detail=None,
    )


def history_of(before: JobRecord, event: Event, after: JobRecord) -> HistoryRow | None:
    """Return the history row of a transition that `apply` made, or None when it has none."""
    if after.revision == before.revision or isinstance(event, Claim):
        return None
    outcome = event.outcome if isinstance(event, Settlement) else None
    outcome = outcome.move if isinstance(outcome, Deferred) else outcome
    result = after.last_return_value if isinstance(outcome, Advanced | Completed) else None
    subject = after if isinstance(event, RestartAsked) else before
    return HistoryRow(
        job_id=before.id,
        revision=after.revision,
        event=event_name(event),
        status=after.status,
        seq=subject.seq,
        step_name=subject.step_name,
        next_step=outcome.step_name if isinstance(outcome, Advanced) else None,
        attempt=before.attempt,
        worker_id=before.worker_id,
        claimed_at=before.claimed_at,
        at=after.updated_at,
        result=event.input_json if isinstance(event, Delivered) else result,
        detail=_detail(event),
    )


def landed(row: HistoryRow, settlement: Settlement) -> bool:
    """Return whether `row` is what writing `settlement` left behind.

    If the row is there, a settlement that is refused was written before: its answer was lost.
    """
    return (
        row.job_id == settlement.job_id
        and row.revision == settlement.revision + 1
        and row.worker_id == settlement.worker_id
        and row.event == event_name(settlement)
    )


def event_name(event: Event) -> str:
    """Return the word that the history uses for `event`."""
    if isinstance(event, Settlement):
        return _OUTCOME_NAMES[type(event.outcome)]
    return _EVENT_NAMES[type(event)]


def _detail(event: Event) -> str | None:
    if isinstance(event, WorkerDied):
        return event.reason
    if isinstance(event, Departed):
        return event.destination
    if isinstance(event, Settlement):
        match event.outcome:
            case Retried(error) | Failed(error) | Aborted(error):
                return error
            case Unroutable(reason):
                return reason
            case _:
                return None
    return None
