"""Each guard in the transitions, taken out, is noticed by somebody.

The flawed functions stand in for `apply` within a memory store, whose stories are then compared
with the real ones; a suite that does not notice is not worth running.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ergate.errors import ErgateError
from ergate.jobs.events import (
    Advanced,
    CameDue,
    CancelAsked,
    Claim,
    Completed,
    Delivered,
    Departed,
    Event,
    Postponed,
    Released,
    RestartAsked,
    Retried,
    Settlement,
    WorkerDied,
)
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection, apply
from ergate.testing import state_machine_for
from ergate_backends.memory import board
from ergate_backends.memory.store import MemoryStore

Result = JobRecord | Rejection
Apply = Callable[[JobRecord, Event, float], Result]


def settles_for_any_worker(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, Settlement) and job.worker_id:
        event = replace(event, worker_id=job.worker_id)
    return apply(job, event, now)


def settles_at_any_revision(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, Settlement):
        event = replace(event, revision=job.revision)
    return apply(job, event, now)


def settles_what_is_queued(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, Settlement) and job.status is JobStatus.QUEUED:
        job = replace(job, status=JobStatus.RUNNING, worker_id=event.worker_id)
        event = replace(event, revision=job.revision)
    return apply(job, event, now)


def claims_at_any_revision(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, Claim):
        event = replace(event, revision=job.revision)
    return apply(job, event, now)


def claims_what_runs(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, Claim) and job.status is JobStatus.RUNNING:
        job = replace(job, status=JobStatus.QUEUED)
        event = replace(event, revision=job.revision)
    return apply(job, event, now)


def does_not_count_deliveries(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, Claim) and isinstance(after, JobRecord):
        return replace(after, deliveries=job.deliveries)
    return after


def comes_due_too_early(job: JobRecord, event: Event, now: float) -> Result:
    return apply(job, event, now + 3.0 if isinstance(event, CameDue) else now)


def keeps_the_revision_when_due(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, CameDue) and isinstance(after, JobRecord):
        return replace(after, revision=job.revision)
    return after


def ignores_the_cancel_request(job: JobRecord, event: Event, now: float) -> Result:
    is_settlement = isinstance(event, Settlement)
    return apply(replace(job, cancel_requested=False) if is_settlement else job, event, now)


def fences_out_the_worker_on_cancel(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, CancelAsked) and isinstance(after, JobRecord):
        return replace(after, revision=job.revision + 1)
    return after


def lets_a_suspect_run_beside_others(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, WorkerDied) and isinstance(after, JobRecord):
        return replace(after, alone=False)
    return after


def never_gives_up_on_a_killer(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, WorkerDied):
        event = replace(event, policy=replace(event.policy, max_deliveries=99))
    return apply(job, event, now)


def counts_seq_on_a_retry(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    retried = isinstance(event, Settlement) and isinstance(event.outcome, Retried)
    if retried and isinstance(after, JobRecord):
        return replace(after, seq=job.seq + 1)
    return after


def forgets_to_count_seq(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    applied = isinstance(event, Settlement) and isinstance(event.outcome, Advanced | Completed)
    return replace(after, seq=job.seq) if applied and isinstance(after, JobRecord) else after


def counts_a_release(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    released = isinstance(event, Settlement) and isinstance(event.outcome, Released)
    if released and isinstance(after, JobRecord):
        return replace(after, deliveries=job.deliveries)
    return after


def restarts_what_lives(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, RestartAsked):
        job = replace(job, status=JobStatus.FAILED)
    return apply(job, event, now)


def starts_counting_again_on_restart(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, RestartAsked) and isinstance(after, JobRecord):
        return replace(after, seq=0)
    return after


def departs_as_a_copy(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, Departed) and isinstance(after, JobRecord):
        return replace(after, status=job.status)
    return after


def departs_without_a_new_revision(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, Departed) and isinstance(after, JobRecord):
        return replace(after, revision=job.revision)
    return after


def forgets_what_a_traveller_waits_for(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, Departed) and isinstance(after, JobRecord):
        return replace(after, due_at=None)
    return after


def cancels_what_is_on_its_way(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, CancelAsked) and job.status is JobStatus.PENDING:
        job = replace(job, status=JobStatus.SCHEDULED)
    return apply(job, event, now)


def delivers_at_any_seq(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, Delivered):
        event = replace(event, seq=job.seq)
    return apply(job, event, now)


def delivers_what_runs(job: JobRecord, event: Event, now: float) -> Result:
    if isinstance(event, Delivered) and job.status is JobStatus.RUNNING:
        job = replace(job, status=JobStatus.SCHEDULED, deliveries=0, attempt=0)
    return apply(job, event, now)


def delivers_without_a_new_revision(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, Delivered) and isinstance(after, JobRecord):
        return replace(after, revision=job.revision)
    return after


def postpones_with_a_new_revision(job: JobRecord, event: Event, now: float) -> Result:
    after = apply(job, event, now)
    if isinstance(event, Postponed) and isinstance(after, JobRecord):
        return replace(after, revision=job.revision + 1)
    return after


FLAWS: list[Apply] = [
    settles_for_any_worker,
    settles_at_any_revision,
    settles_what_is_queued,
    claims_at_any_revision,
    claims_what_runs,
    does_not_count_deliveries,
    comes_due_too_early,
    keeps_the_revision_when_due,
    ignores_the_cancel_request,
    fences_out_the_worker_on_cancel,
    lets_a_suspect_run_beside_others,
    never_gives_up_on_a_killer,
    counts_seq_on_a_retry,
    forgets_to_count_seq,
    counts_a_release,
    restarts_what_lives,
    starts_counting_again_on_restart,
    departs_as_a_copy,
    departs_without_a_new_revision,
    forgets_what_a_traveller_waits_for,
    cancels_what_is_on_its_way,
    delivers_at_any_seq,
    delivers_what_runs,
    delivers_without_a_new_revision,
    postpones_with_a_new_revision,
]


def tell_stories(examples: int) -> None:
    machine = state_machine_for(MemoryStore, examples=examples)
    # What is noticed need not be told in the shortest way.
    quick = settings(machine.TestCase.settings, phases=[Phase.generate], print_blob=False)
    run_state_machine_as_test(machine, settings=quick)


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.__name__)
def test_a_missing_guard_is_noticed(flaw: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "apply", flaw)
    # A comparison, a refusal, or the ledger's own objection.
    with pytest.raises((AssertionError, ErgateError, ValueError)):
        tell_stories(examples=1000)


def test_the_real_function_tells_the_same_stories() -> None:
    tell_stories(examples=20)
