"""What arrives from an external queue: tickets, jobs from elsewhere, and what is neither."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pydantic

from ergate.brokers.known import Check
from ergate.contracts.queue import Delivery
from ergate.contracts.state_store import DeadLetter
from ergate.errors import PayloadError, UnknownWorkflowError
from ergate.jobs.codec import Limits, checked
from ergate.jobs.job import Job, record_from_job
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket

REASON_LENGTH = 1000
"""A reason may quote the message, and is for people."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """Deliveries, sorted by what they are."""

    tickets: list[Ticket] = field(default_factory=list)
    carriers: list[Delivery] = field(default_factory=list)
    """The deliveries that brought the tickets, in the same order."""
    adopted: list[JobRecord] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)


class NotUnderstood(Exception):
    """Why a message is neither a ticket nor a job."""


def sort_deliveries(
    deliveries: Sequence[Delivery], limits: Limits, check: Check | None = None
) -> Incoming:
    """Sort messages into tickets, jobs to adopt and dead letters; never raises for content.

    With a check, a job of a workflow that does not pass it becomes a dead letter.
    """
    incoming = Incoming()
    for delivery in deliveries:
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{delivery.queue}:{delivery.identity}")
        try:
            found = understand(delivery.body, delivery.queue, str(identity), limits, check)
            if delivery.given_up is not None and not isinstance(found, Ticket):
                raise NotUnderstood(delivery.given_up)
        except NotUnderstood as exc:
            letter = DeadLetter(
                id=str(identity),
                queue=delivery.queue,
                body=delivery.body,
                reason=str(exc)[:REASON_LENGTH],
                at=0.0,
            )
            incoming.letters.append(letter)
        else:
            if isinstance(found, Ticket):
                incoming.tickets.append(found)
                incoming.carriers.append(delivery)
            else:
                incoming.adopted.append(found)
    return incoming


def understand(
    body: bytes, queue: str, identity: str, limits: Limits, check: Check | None = None
) -> Ticket | JobRecord:
    """Return the ticket that a message is, or the new job that it asks for.

    The job's own id, else `identity`, makes adopting it twice harmless. `queue` is where it came
    from. Raises `NotUnderstood`.
    """
    value = _parse(body, limits)
    ticket = Ticket.from_object(value)
    if ticket is not None:
        return ticket
    record = _adopt(value, queue, identity, limits)
    if check is not None:
        try:
            check(record.workflow_name)
        except UnknownWorkflowError as exc:
            raise NotUnderstood(str(exc)) from exc
    return record


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
