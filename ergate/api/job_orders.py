"""`/api/v1/jobs` with POST: what hands in, cancels and restarts one job."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from ergate.api.answers import JsonAnswer
from ergate.api.bounds import MAX_DELAY_S, MAX_PRIORITY
from ergate.api.desk import AskedDesk, Place
from ergate.api.found import document_of, find_record
from ergate.api.guard import Access
from ergate.api.names import JobId, JobIdInPath, Moment, Name
from ergate.api.routing import Strict, declared, new_router
from ergate.client import JsonText, Wish, input_text
from ergate.jobs.job import Job
from ergate.jobs.record import JobRecord
from ergate.restart import RestartPlan, plan_restart
from ergate.services.webhooks import hint

router = new_router("jobs")


_ID = "$response.body#/id"
_OF_JOB = {
    "getJob": {"job_id": _ID},
    "getHistory": {"job_id": _ID},
    "cancelJob": {"job_id": _ID},
    "retryJob": {"job_id": _ID},
    "purgeQueue": {"name": "$response.body#/queue"},
}


class NewJob(Strict):
    """A job to hand in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"workflow": "order", "input": {"n": 1}, "in_s": 60}]}
    )

    workflow: Name
    input: Any = Field(default=None, description="What the first step gets.")
    id: JobId | None = Field(
        default=None, description="A name of one's own: the same id again changes nothing."
    )
    context: Any = None
    queue: Name | None = None
    priority: int = Field(default=0, ge=-MAX_PRIORITY, le=MAX_PRIORITY)
    at: Moment | None = Field(default=None, description="When it may start at the earliest.")
    in_s: float | None = Field(default=None, ge=0, le=MAX_DELAY_S)

    @model_validator(mode="after")
    def _one_start(self) -> NewJob:
        if self.at is not None and self.in_s is not None:
            raise ValueError("a job can start at a time or in some seconds, not both")
        return self

    def wish(self) -> Wish:
        """Return how the job is to be run."""
        return Wish(
            id=self.id,
            context=self.context,
            queue=self.queue,
            priority=self.priority,
            at=self.at,
            in_s=self.in_s,
        )


class Restart(Strict):
    """How an ended job is to run again; empty means from the step at which it stopped."""

    from_step: Name | None = None
    input: Any = Field(
        default=None, description="What that step gets instead; left out, what it got before."
    )


@router.post(
    "/jobs",
    operation_id="enqueueJob",
    **declared(
        Access.WRITE,
        404,
        answer=Job,
        status=201,
        links=_OF_JOB,
    ),
)
async def enqueue_job(desk: AskedDesk, order: NewJob) -> JsonAnswer:
    """Hand in a job: when this answers, it is stored and will run."""
    document = await desk.ask(_enqueue, desk.place, order)
    return JsonAnswer(document, 201)


@router.post(
    "/jobs/{job_id:path}/cancel",
    operation_id="cancelJob",
    **declared(Access.WRITE, 404, answer=Job),
)
async def cancel_job(desk: AskedDesk, job_id: JobIdInPath) -> JsonAnswer:
    """Cancel a job that waits, or one that runs when its step ends."""
    return JsonAnswer(document_of(desk.place, await desk.ask(cancel, desk.place, job_id)))


@router.post(
    "/jobs/{job_id:path}/retry",
    operation_id="retryJob",
    **declared(Access.WRITE, 404, answer=Job),
)
async def retry_job(
    desk: AskedDesk, job_id: JobIdInPath, restart: Restart | None = None
) -> JsonAnswer:
    """Let an ended job run again, from a step and with an input of one's choice."""
    record = await desk.ask(retry, desk.place, job_id, restart or Restart())
    return JsonAnswer(document_of(desk.place, record))


def _enqueue(place: Place, order: NewJob) -> dict[str, object]:
    job = place.client.enqueue(order.workflow, _text(order.input), order.wish())
    document: dict[str, object] = job.model_dump(mode="json")
    return document


def _text(value: object) -> JsonText:
    # As short as it is stored: the limit of its size is for that form.
    return JsonText(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def cancel(place: Place, job_id: str) -> JobRecord:
    """Cancel a job; raises what the store raises."""
    place.check_orders()
    cancelled = place.broker.store.cancel(job_id)
    hint(place.broker.store, cancelled)
    return cancelled


def retry(place: Place, job_id: str, restart: Restart) -> JobRecord:
    """Let a job run again; raises what planning and the store raise."""
    place.check_orders()
    plan = _plan(place, find_record(place, job_id), restart)
    return place.broker.store.restart(job_id, plan.event)


def _plan(place: Place, record: JobRecord, restart: Restart) -> RestartPlan:
    workflow = place.workflow(record.workflow_name, record.fingerprint)
    text = _text(restart.input) if "input" in restart.model_fields_set else None
    plan = plan_restart(
        record,
        place.broker.store.history(record.id),
        workflow=workflow,
        from_step=restart.from_step,
        input_text=None if text is None else text.text,
    )
    if text is None:
        return plan
    step = None if workflow is None else workflow[plan.step]
    checked = input_text(step, text, place.limits)
    return replace(plan, event=replace(plan.event, input_json=checked))
