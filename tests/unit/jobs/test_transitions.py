"""What each event does to a job, and what it can never do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.jobs.errors import JobError
from ergate.jobs.events import (
    Aborted,
    Advanced,
    Arrived,
    CameDue,
    CancelAsked,
    Claim,
    Completed,
    Delivered,
    Departed,
    Event,
    Failed,
    Outcome,
    Postponed,
    RecoveryPolicy,
    Released,
    RestartAsked,
    Retried,
    Settlement,
    Unroutable,
    WorkerDied,
)
from ergate.jobs.record import JobRecord
from ergate.jobs.status import FINAL_STATUSES, JobStatus
from ergate.jobs.transitions import Rejection, apply, history_of, landed, submitted

NOW = 1000.0
NEW = JobRecord(id="a", workflow_name="w", step_name="one", initial_input_value="1")
POLICY = RecoveryPolicy(max_deliveries=4)
ADVANCED = Advanced(result='"r"', step=1, step_name="two", queue="mail", percent=50.0)
AGAIN = RestartAsked(
    step=0, step_name="one", steps_completed=0, percent=0.0, queue="q", input_json="7"
)

outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(
        Advanced,
        result=st.just("1"),
        step=st.integers(1, 3),
        step_name=st.just("s"),
        queue=st.sampled_from(["default", "mail"]),
        percent=st.floats(0, 100),
    ),
    st.just(Completed(result="2")),
    st.builds(Retried, error=st.just("{}"), pause_s=st.floats(0, 10)),
    st.just(Failed(error="{}")),
    st.just(Aborted(error="{}")),
    st.just(Released()),
    st.builds(Unroutable, reason=st.just("r"), pause_s=st.floats(0, 10)),
)
Story = list[tuple[JobRecord, Event, JobRecord | Rejection, float]]

blames = st.sampled_from([True, False, None])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a job's life: each event with the job before it and after it."""
    record, now = NEW, NOW
    told: Story = []
    for _ in range(draw(st.integers(1, 30))):
        now += draw(st.sampled_from([0.0, 0.5, 20.0]))
        revision = record.revision + draw(st.sampled_from([0, 0, 0, -1, 1]))
        worker_id = draw(st.sampled_from([record.worker_id or "w1", "w2"]))
        event: Event = draw(
            st.one_of(
                st.just(Claim(worker_id, revision)),
                outcomes.map(lambda o: Settlement("a", worker_id, revision, o)),  # noqa: B023
                blames.map(lambda b: WorkerDied(worker_id, b, "killed", POLICY)),  # noqa: B023
                st.just(CameDue()),
                st.just(CancelAsked()),
                st.just(AGAIN),
                st.just(Departed("elsewhere")),
                st.just(Arrived()),
                st.just(Delivered(record.seq, "8")),
                st.just(Postponed(record.seq, now + 10.0)),
            )
        )
        after = apply(record, event, now)
        told.append((record, event, after, now))
        record = after if isinstance(after, JobRecord) else record
    return told


# --- what holds for every event -------------------------------------------------------------------


@given(stories())
def test_every_transition_adds_exactly_one_to_the_revision(story: Story) -> None:
    for before, event, after, _ in accepted(story):
        flagged = isinstance(event, CancelAsked) and before.status is JobStatus.RUNNING
        flagged = flagged or isinstance(event, Postponed)
        assert after.revision == before.revision + (not flagged)


@given(stories())
def test_an_ended_job_stays_ended_unless_a_person_restarts_it(story: Story) -> None:
    for before, event, _, _ in accepted(story):
        assert not before.status.is_final or isinstance(event, RestartAsked)


@given(stories())
def test_seq_grows_with_applied_steps_and_at_most_by_one_with_a_restart(story: Story) -> None:
    for before, event, after, _ in accepted(story):
        applied = isinstance(event, Settlement) and isinstance(event.outcome, Advanced | Completed)
        if isinstance(event, RestartAsked):
            assert after.seq - before.seq in {0, 1}
        else:
            assert after.seq == before.seq + applied


@given(stories())
def test_the_percentage_never_falls_except_by_a_restart(story: Story) -> None:
    for before, event, after, _ in accepted(story):
        assert after.percent_completed >= before.percent_completed or event == AGAIN
        assert after.status is not JobStatus.COMPLETED or after.percent_completed == 100.0


@given(stories())
def test_the_fields_of_a_job_fit_its_status(story: Story) -> None:
    for _, _, after, _ in accepted(story):
        runs = after.status is JobStatus.RUNNING
        assert (after.worker_id is not None, after.claimed_at is not None) == (runs, runs)
        if after.status is not JobStatus.PENDING:
            assert (after.due_at is not None) == (after.status is JobStatus.SCHEDULED)
        assert (after.finished_at is not None) == after.status.is_final
        assert runs or not after.cancel_requested
        assert after.status is not JobStatus.CANCELLING
        assert 0 <= after.deliveries <= POLICY.max_deliveries


@given(stories())
def test_history_has_no_gap_and_each_seq_applied_once(story: Story) -> None:
    rows = [submitted(NEW)]
    for before, event, after, _ in accepted(story):
        row = history_of(before, event, after)
        rows += [] if row is None else [row]
    claims = [row.revision - (row.claimed_at is not None) for row in rows]
    assert claims == [1, *(row.revision + 1 for row in rows[:-1])]
    expected_seq = 0
    for row in rows:
        if row.event == "restarted":  # a person may skip one, so that its key is not used again
            assert row.seq - expected_seq in {0, 1}
            expected_seq = row.seq
        if row.event == "applied":
            assert row.seq == expected_seq
            expected_seq += 1


@given(stories())
def test_only_the_holder_of_the_claim_settles(story: Story) -> None:
    for before, event, after, _ in story:
        if isinstance(event, Settlement):
            fits = before.status is JobStatus.RUNNING
            fits &= (before.worker_id, before.revision) == (event.worker_id, event.revision)
            assert isinstance(after, JobRecord) == fits


@given(stories())
def test_a_settlement_landed_exactly_when_its_row_says_so(story: Story) -> None:
    for before, event, after, _ in accepted(story):
        row = history_of(before, event, after)
        if row is not None and isinstance(event, Settlement):
            assert landed(row, event)
            assert not landed(row, replace(event, worker_id="thief"))
            assert not landed(row, replace(event, revision=event.revision - 1))
        elif row is not None and before.worker_id:
            assert not landed(row, Settlement("a", before.worker_id, before.revision, Released()))


# --- one event each -------------------------------------------------------------------------------


def test_a_claim_counts_the_delivery_before_the_step_runs() -> None:
    held = done(apply(NEW, Claim("w1", 1), NOW))
    assert (held.status, held.deliveries, held.worker_id) == (JobStatus.RUNNING, 1, "w1")


@pytest.mark.parametrize("status", [s for s in JobStatus if s is not JobStatus.QUEUED])
def test_only_a_queued_job_can_be_claimed(status: JobStatus) -> None:
    assert isinstance(apply(replace(NEW, status=status), Claim("w1", 1), NOW), Rejection)


def test_an_advance_names_the_next_step_and_hands_over_the_result() -> None:
    after = settle(ADVANCED)
    assert (after.status, after.current_step, after.step_name) == (JobStatus.QUEUED, 1, "two")
    assert (after.queue, after.input_json, after.deliveries) == ("mail", '"r"', 0)


def test_a_retry_keeps_the_error_and_waits() -> None:
    after = settle(Retried(error="{}", pause_s=5.0))
    assert (after.status, after.due_at, after.attempt) == (JobStatus.SCHEDULED, NOW + 5, 1)
    assert (after.error, after.deliveries, after.seq) == ("{}", 0, 0)


def test_a_success_after_a_retry_forgets_the_error() -> None:
    assert settle(ADVANCED, attempt=2, error="{}").error is None
    assert settle(Completed(result="1"), attempt=2, error="{}").attempt == 0


def test_a_release_takes_the_delivery_back() -> None:
    after = settle(Released(), deliveries=2)
    assert (after.status, after.deliveries, after.attempt) == (JobStatus.QUEUED, 1, 0)


def test_an_unroutable_job_waits_uncounted() -> None:
    after = settle(Unroutable(reason="r", pause_s=2.0), deliveries=1)
    assert (after.status, after.deliveries, after.unroutable) == (JobStatus.SCHEDULED, 0, 1)


@pytest.mark.parametrize(
    ("deliveries", "blame", "status", "alone", "pause_s"),
    [
        (1, False, JobStatus.QUEUED, False, None),
        (4, False, JobStatus.QUEUED, False, None),
        (1, True, JobStatus.QUEUED, False, None),
        (1, None, JobStatus.QUEUED, True, None),
        (2, True, JobStatus.SCHEDULED, False, 1.0),
        (2, None, JobStatus.SCHEDULED, True, 1.0),
        (3, True, JobStatus.SCHEDULED, True, 4.0),
        (4, True, JobStatus.FAILED, False, None),
        (4, None, JobStatus.FAILED, False, None),
    ],
)
def test_a_death_is_judged_by_its_count_and_its_blame(
    deliveries: int, blame: bool | None, status: JobStatus, alone: bool, pause_s: float | None
) -> None:
    after = done(apply(held(deliveries=deliveries), WorkerDied("w1", blame, "x", POLICY), NOW))
    assert (after.status, after.alone) == (status, alone)
    assert after.due_at == (None if pause_s is None else NOW + pause_s)
    assert after.deliveries == deliveries - (blame is False)


def test_the_error_of_a_poisonous_step_tells_how_often_and_why() -> None:
    died = WorkerDied("w1", True, "signal 11", POLICY)
    error = JobError.from_json(done(apply(held(deliveries=4), died, NOW)).error or "")
    assert (error.type, error.step_name) == ("WorkerDied", "one")
    assert "4 times" in error.message
    assert "signal 11" in error.message


def test_a_job_does_not_come_due_before_its_time() -> None:
    waiting = replace(NEW, status=JobStatus.SCHEDULED, due_at=NOW)
    assert isinstance(apply(waiting, CameDue(), NOW - 0.001), Rejection)
    assert done(apply(waiting, CameDue(), NOW)).status is JobStatus.QUEUED


@pytest.mark.parametrize("due_at", [None, NOW + 50], ids=["ready", "scheduled"])
def test_a_job_that_departs_and_arrives_waits_as_it_did_before(due_at: float | None) -> None:
    status = JobStatus.QUEUED if due_at is None else JobStatus.SCHEDULED
    waiting = replace(NEW, status=status, due_at=due_at, attempt=2, error="{}", deliveries=1)
    gone = done(apply(waiting, Departed("elsewhere"), NOW))
    assert (gone.status, gone.revision) == (JobStatus.PENDING, 2)
    back = done(apply(gone, Arrived(), NOW + 9))
    assert back == replace(waiting, revision=3, updated_at=NOW + 9)


@pytest.mark.parametrize("event", [Departed("elsewhere"), Arrived()], ids=["departed", "arrived"])
@pytest.mark.parametrize("status", list(JobStatus))
def test_only_what_waits_departs_and_only_what_departed_arrives(
    status: JobStatus, event: Departed | Arrived
) -> None:
    before = replace(NEW, status=status)
    fits = {Departed: {JobStatus.QUEUED, JobStatus.SCHEDULED}, Arrived: {JobStatus.PENDING}}
    assert isinstance(apply(before, event, NOW), JobRecord) == (status in fits[type(event)])


@pytest.mark.parametrize(
    "event",
    [
        Claim("w1", 2),
        Settlement("a", "w1", 2, ADVANCED),
        WorkerDied("w1", True, "x", POLICY),
        CameDue(),
        CancelAsked(),
        AGAIN,
        Departed("elsewhere"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_nothing_but_its_arrival_happens_to_a_job_on_its_way(event: Event) -> None:
    """It may run elsewhere by now, where nobody would learn of what is decided here."""
    waiting = replace(NEW, status=JobStatus.SCHEDULED, due_at=NOW)
    gone = done(apply(waiting, Departed("elsewhere"), NOW))
    assert isinstance(apply(gone, event, NOW + 60), Rejection)


def test_the_history_names_where_a_job_departed_to() -> None:
    gone = done(apply(NEW, Departed("elsewhere"), NOW))
    row = history_of(NEW, Departed("elsewhere"), gone)
    assert row is not None
    assert (row.event, row.detail, row.at, row.worker_id) == ("departed", "elsewhere", NOW, None)


def test_a_cancel_request_does_not_fence_out_the_worker() -> None:
    asked = done(apply(held(), CancelAsked(), NOW))
    assert (asked.revision, asked.shown_status) == (held().revision, JobStatus.CANCELLING)
    after = done(apply(asked, Settlement("a", "w1", asked.revision, ADVANCED), NOW))
    assert (after.status, after.seq) == (JobStatus.CANCELLED, 1)


@pytest.mark.parametrize("status", sorted(FINAL_STATUSES))
def test_a_restart_from_the_first_step_edits_the_input(status: JobStatus) -> None:
    ended = replace(NEW, status=status, seq=3, steps_completed=3, finished_at=NOW, error="{}")
    after = done(apply(ended, AGAIN, NOW))
    assert (after.status, after.input_json) == (JobStatus.QUEUED, "7")
    assert after.seq == (3 if status is JobStatus.COMPLETED else 4)
    assert (after.error, after.finished_at, after.percent_completed) == (None, None, 0.0)


def test_a_restart_of_the_failed_step_as_it_was_keeps_its_idempotency_key() -> None:
    """What the step did outside may have happened; its service must recognise the second try."""
    failed = _failed_at_second_step()
    again = replace(_restart_of(failed), input_json=failed.input_json)
    after = apply(failed, again, 9.0)
    assert isinstance(after, JobRecord)
    assert after.seq == failed.seq


@pytest.mark.parametrize("change", [{"step_name": "first"}, {"input_json": '"edited"'}])
def test_a_restart_with_another_step_or_input_gets_a_new_idempotency_key(
    change: dict[str, str],
) -> None:
    """A service that saw the key before must not take the new work for the old."""
    failed = _failed_at_second_step()
    again = replace(_restart_of(failed), **change)  # type: ignore[arg-type]  # names of its fields
    after = apply(failed, again, 9.0)
    assert isinstance(after, JobRecord)
    assert after.seq == failed.seq + 1


def _failed_at_second_step() -> JobRecord:
    return JobRecord(
        id="j",
        workflow_name="w",
        status=JobStatus.FAILED,
        seq=1,
        steps_completed=1,
        current_step=1,
        step_name="second",
        last_return_value='"first result"',
    )


def _restart_of(failed: JobRecord) -> RestartAsked:
    return RestartAsked(
        step=failed.current_step,
        step_name=failed.step_name,
        steps_completed=failed.steps_completed,
        percent=50.0,
        queue=failed.queue,
        input_json=failed.input_json,
    )


def test_a_restart_from_a_later_step_keeps_the_first_input() -> None:
    ended = replace(NEW, status=JobStatus.FAILED, finished_at=NOW)
    after = done(apply(ended, replace(AGAIN, step=2, steps_completed=2), NOW))
    assert (after.initial_input_value, after.input_json) == ("1", "7")


def accepted(story: Story) -> list[tuple[JobRecord, Event, JobRecord, float]]:
    return [(b, e, a, now) for b, e, a, now in story if isinstance(a, JobRecord)]


def done(after: JobRecord | Rejection) -> JobRecord:
    assert isinstance(after, JobRecord), after
    return after


def held(**changes: int) -> JobRecord:
    claimed = done(apply(NEW, Claim("w1", 1), NOW))
    return replace(claimed, **changes)  # type: ignore[arg-type]  # whole numbers only


def settle(outcome: Outcome, **changes: object) -> JobRecord:
    before = replace(held(), **changes)  # type: ignore[arg-type]  # any field
    return done(apply(before, Settlement("a", "w1", before.revision, outcome), NOW))
