"""A job goes to the store and comes back with everything that its author put into it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from ergate.errors import PayloadError
from ergate.jobs.codec import Limits
from ergate.jobs.errors import JobError
from ergate.jobs.job import Job, job_from_record, record_from_job
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus

NOW = 1_700_000_000.0
LIMITS = Limits()


class TenantJob(Job):
    tenant: str = "nobody"
    seen: datetime | None = None
    token: bytes = b""


def stored(job: Job) -> JobRecord:
    return record_from_job(job, NOW, LIMITS)


def test_a_new_job_has_the_documented_defaults() -> None:
    job = Job(workflow_name="w")
    shown = (job.id, job.status, job.current_step, job.steps_completed, job.percent_completed)
    assert shown == (None, JobStatus.QUEUED, 0, 0, 0.0)
    values = (job.initial_input_value, job.last_return_value, job.user_context)
    assert (*values, job.requested_start_time) == (None, None, None, None)


def test_a_job_without_an_id_gets_one_of_version_7() -> None:
    assert UUID(stored(Job(workflow_name="w")).id).version == 7


def test_an_id_of_another_type_is_kept_as_its_text() -> None:
    assert stored(Job(id=UUID(int=5), workflow_name="w")).id == str(UUID(int=5))


def test_a_new_record_is_runnable_at_revision_one() -> None:
    record = stored(Job(workflow_name="w", initial_input_value={"n": 1}))
    seen = (record.status, record.revision, record.due_at, record.input_json)
    assert seen == (JobStatus.QUEUED, 1, None, '{"n":1}')
    assert (record.created_at, record.updated_at, record.finished_at) == (NOW, NOW, None)


def test_a_start_in_the_future_schedules_the_job() -> None:
    start = datetime.fromtimestamp(NOW + 60, UTC)
    record = stored(Job(workflow_name="w", requested_start_time=start))
    assert (record.status, record.due_at) == (JobStatus.SCHEDULED, NOW + 60)


@pytest.mark.parametrize("offset_s", [0, -60])
def test_a_start_that_is_over_queues_the_job(offset_s: int) -> None:
    start = datetime.fromtimestamp(NOW + offset_s, UTC)
    record = stored(Job(workflow_name="w", requested_start_time=start))
    assert (record.status, record.due_at) == (JobStatus.QUEUED, None)
    assert record.requested_start_time == NOW + offset_s


def test_a_start_without_a_time_zone_is_utc() -> None:
    aware = datetime(2030, 1, 2, 3, tzinfo=UTC)
    plain = aware.replace(tzinfo=None)
    east = aware.astimezone(timezone(timedelta(hours=5)))
    times = {
        stored(Job(workflow_name="w", requested_start_time=start)).due_at
        for start in (plain, aware, east)
    }
    assert times == {aware.timestamp()}


def test_every_public_field_comes_back() -> None:
    error = JobError(type="E", message="m", step_name="one")
    record = JobRecord(
        id="a",
        workflow_name="w",
        queue="mail",
        priority=3,
        status=JobStatus.RUNNING,
        revision=9,
        seq=4,
        current_step=2,
        step_name="two",
        fingerprint="f",
        attempt=1,
        deliveries=2,
        worker_id="w1",
        due_at=NOW,
        steps_completed=3,
        percent_completed=50.0,
        initial_input_value="1",
        last_return_value='"r"',
        user_context="[2]",
        error=error.to_json(),
        requested_start_time=NOW,
        created_at=NOW,
        updated_at=NOW + 1,
        finished_at=NOW + 2,
    )
    expected: dict[str, Any] = {
        "id": "a", "workflow_name": "w", "status": JobStatus.RUNNING, "current_step": 2,
        "steps_completed": 3, "percent_completed": 50.0, "initial_input_value": 1,
        "last_return_value": "r", "user_context": [2], "queue": "mail", "priority": 3,
        "requested_start_time": at(0), "seq": 4, "revision": 9, "attempt": 1, "deliveries": 2,
        "step_name": "two", "workflow_fingerprint": "f", "error": error, "worker_id": "w1",
        "due_at": at(0), "created_at": at(0), "updated_at": at(1), "finished_at": at(2),
    }  # fmt: skip
    job = job_from_record(record, Job)
    assert {name: getattr(job, name) for name in Job.model_fields} == expected
    assert job.idempotency_key == "a:4"


def test_a_running_job_that_is_to_be_cancelled_is_shown_as_cancelling() -> None:
    record = JobRecord(id="a", workflow_name="w", status=JobStatus.RUNNING, cancel_requested=True)
    assert job_from_record(record, Job).status is JobStatus.CANCELLING


def test_the_fields_of_a_subclass_are_stored_and_come_back() -> None:
    job = TenantJob(workflow_name="w", tenant="a", seen=at(0), token=b"\xff\x00")
    record = stored(job)
    assert set(json.loads(record.extra)) == {"tenant", "seen", "token"}
    back = job_from_record(record, TenantJob)
    assert (back.tenant, back.seen, back.token) == ("a", at(0), b"\xff\x00")


def test_a_plain_job_stores_nothing_extra_and_reads_what_a_subclass_stored() -> None:
    assert stored(Job(workflow_name="w")).extra == "{}"
    record = stored(TenantJob(workflow_name="w", tenant="a"))
    assert job_from_record(record, Job).workflow_name == "w"


def test_what_a_subclass_adds_cannot_overwrite_what_the_store_knows() -> None:
    record = JobRecord(id="a", workflow_name="w", extra='{"id":"b","seq":99,"tenant":"t"}')
    job = job_from_record(record, TenantJob)
    assert (job.id, job.seq, job.tenant) == ("a", 0, "t")


def test_two_jobs_of_one_record_share_nothing() -> None:
    record = JobRecord(id="a", workflow_name="w", initial_input_value='{"n":[]}')
    job_from_record(record, Job).initial_input_value["n"].append(1)
    assert job_from_record(record, Job).initial_input_value == {"n": []}


@pytest.mark.parametrize("field", ["initial_input_value", "last_return_value", "user_context"])
@pytest.mark.parametrize("value", [math.nan, object(), "\ud800", "x" * 2_000_000], ids=type)
def test_a_value_that_cannot_be_stored_is_refused(field: str, value: object) -> None:
    with pytest.raises(PayloadError):
        stored(Job(workflow_name="w", **{field: value}))


@pytest.mark.parametrize(
    "wrong",
    [{"current_step": -1}, {"percent_completed": 101}, {"status": "lost"}, {"queue": None}],
    ids=repr,
)
def test_a_value_that_a_field_cannot_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Job(workflow_name="w", **wrong)


def test_a_status_is_written_in_lower_case() -> None:
    text = Job(workflow_name="w").model_dump_json()
    assert json.loads(text)["status"] == "queued"
    assert {status.value for status in JobStatus} == {s.name.lower() for s in JobStatus}


def at(offset_s: float) -> datetime:
    return datetime.fromtimestamp(NOW + offset_s, UTC)
