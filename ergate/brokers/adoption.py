"""What arrives from an external queue: tickets, jobs from elsewhere, and what nobody understands."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pydantic

from ergate.contracts.queue import Delivery
from ergate.contracts.state_store import DeadLetter
from ergate.errors import PayloadError
from ergate.jobs.codec import Limits, checked
from ergate.jobs.job import Job, record_from_job
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Incoming:
    """Deliveries, sorted by what they are."""

    tickets: list[Ticket] = field(default_factory=list)
    adopted: list[JobRecord] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)


class NotUnderstood(Exception):
    """Why a message is neither a ticket nor a job."""


def sort_deliveries(deliveries: Sequence[Delivery], limits: Limits) -> Incoming:
    """Sort messages into tickets, jobs to adopt and dead letters; never raises for their content."""
    incoming = Incoming()
    for delivery in deliveries:
        try:
            body = _parse(delivery.body, limits)
            ticket = Ticket.from_object(body)
            if ticket is not None:
                incoming.tickets.append(ticket)
            else:
                incoming.adopted.append(_adopt(body, delivery, limits))
        except NotUnderstood as exc:
            incoming.letters.append(_letter(delivery, str(exc)))
    return incoming


def _parse(body: bytes, limits: Limits) -> dict[str, Any]:
    try:
        text = checked(body.decode(), limits, "The message")
    except UnicodeDecodeError as exc:
        raise NotUnderstood(f"The message is not UTF-8 text: {exc.reason}.") from exc
    except PayloadError as exc:
        raise NotUnderstood(str(exc)) from exc
    value = json.loads(text)
    if not isinstance(value, dict) or not ("workflow_name" in value or "v" in value):
        raise NotUnderstood(
            "The message is JSON, but neither a ticket nor an object with a workflow_name."
        )
    return value


def _adopt(body: dict[str, Any], delivery: Delivery, limits: Limits) -> JobRecord:
    """Make a new job of a message; its id, else the message's identity, makes that idempotent."""
    try:
        job = Job.model_validate(body)
        record = record_from_job(job, time.time(), limits)
    except pydantic.ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise NotUnderstood(f"The message is no job: {where}: {first['msg']}.") from exc
    except PayloadError as exc:
        raise NotUnderstood(str(exc)) from exc
    if job.id is None:
        identity = f"{delivery.queue}:{delivery.identity}"
        record = replace(record, id=str(uuid.uuid5(uuid.NAMESPACE_URL, identity)))
    queue = body.get("queue", delivery.queue)
    return replace(record, queue=queue, home_queue=queue)


def _letter(delivery: Delivery, reason: str) -> DeadLetter:
    identity = f"{delivery.queue}:{delivery.identity}"
    return DeadLetter(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, identity)),
        queue=delivery.queue,
        body=delivery.body,
        reason=reason,
        at=0.0,
    )
