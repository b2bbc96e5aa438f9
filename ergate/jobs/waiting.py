"""What comes from outside for a job that waits: its next input, or a later time."""

from __future__ import annotations

import math
from dataclasses import replace

from ergate.jobs.events import Delivered, Postponed
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus

ON_ITS_WAY = "on its way to another store (`ergate jobs history` names it)"
"""Why nobody can order anything of a job that is PENDING."""


def refusal(record: JobRecord, event: Delivered | Postponed) -> str | None:
    """Return why what comes from outside is not for this job as it is, or None when it is.

    A job waits for it only before its step was first tried: one that waits for its next attempt
    has its input, and must not get another one under the same idempotency key.
    """
    if record.status is JobStatus.PENDING:
        return ON_ITS_WAY
    if record.seq > event.seq and not record.status.is_final:
        return f"already at seq {record.seq}: what waited at seq {event.seq} has gone on"
    if record.status is not JobStatus.SCHEDULED:
        return f"not waiting: it is {record.shown_status}"
    if record.seq != event.seq:
        return f"at seq {record.seq}, and has not come to seq {event.seq} yet"
    if record.attempt or record.deliveries or record.unroutable:
        return "not waiting for that any more: its step has been tried"
    if isinstance(event, Postponed) and not math.isfinite(event.due_at):
        return "asked to wait until a time that is not finite"
    return None


def delivered(record: JobRecord, event: Delivered, now: float) -> JobRecord:
    """Return a waiting job with its input from outside, ready to run."""
    first = record.steps_completed == 0
    return replace(
        record,
        status=JobStatus.QUEUED,
        revision=record.revision + 1,
        due_at=None,
        initial_input_value=event.input_json if first else record.initial_input_value,
        last_return_value=record.last_return_value if first else event.input_json,
        updated_at=now,
    )


def postponed(record: JobRecord, event: Postponed) -> JobRecord:
    """Return a waiting job that waits for another time; this is a request and no transition."""
    return replace(record, due_at=event.due_at)
