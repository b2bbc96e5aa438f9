"""What arrives from an external queue: tickets, jobs from elsewhere, and what is neither."""

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
    """Sort messages into tickets, jobs to adopt and dead letters; never raises for content."""
    incoming = Incoming()
    for delivery in deliveries:
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{delivery.queue}:{delivery.identity}")
        try:
            found = understand(delivery.body, delivery.queue, str(identity), limits)
        except NotUnderstood as exc:
            letter = DeadLetter(
                id=str(identity), queue=delivery.queue, body=delivery.body, reason=str(exc), at=0.0
            )
            incoming.letters.append(letter)
        else:
            if isinstance(found, Ticket):
                incoming.tickets.append(found)
            else:
                incoming.adopted.append(found)
    return incoming


def understand(body: bytes, queue: str, identity: str, limits: Limits) -> Ticket | JobRecord:
    """Return the ticket that a message is, or the new job that it asks for.

    The job's own id, else `identity`, makes adopting it twice harmless. `queue` is where it came
    from. Raises `NotUnderstood`.
    """
    value = _parse(body, limits)
    return Ticket.from_object(value) or _adopt(value, queue, identity, limits)


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


def _adopt(body: dict[str, Any], queue: str, identity: str, limits: Limits) -> JobRecord:
    try:
        job = Job.model_validate(body)
        record = record_from_job(job, time.time(), limits)
    except pydantic.ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise NotUnderstood(f"The message is no job: {where}: {first['msg']}.") from exc
    except PayloadError as exc:
        raise NotUnderstood(str(exc)) from exc
    queue = body.get("queue", queue)
    return replace(
        record, id=identity if job.id is None else record.id, queue=queue, home_queue=queue
    )
