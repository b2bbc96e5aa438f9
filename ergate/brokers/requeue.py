"""A dead letter gets a second chance: read again, and handed in if it can be understood now."""

from __future__ import annotations

from ergate.brokers.adoption import NotUnderstood, understand
from ergate.brokers.broker import Broker
from ergate.brokers.known import check_of
from ergate.contracts.state_store import DeadLetter
from ergate.jobs.codec import Limits
from ergate.jobs.ticket import Ticket
from ergate.workflows.registry import Registry


class StillDead(Exception):
    """The letter can still not be understood, and stays where it is."""


def requeue(
    broker: Broker, letter: DeadLetter, limits: Limits, registry: Registry | None = None
) -> str:
    """Hand in the job that a dead letter asks for, remove the letter, and return the job's id.

    With a registry its workflow must be known. Safe to repeat: the job is there before the letter
    is gone, and its id comes from the letter.
    Raises `StillDead` with the reason, and what `Broker.submit` raises.
    """
    check = check_of(registry, broker.store)
    try:
        found = understand(letter.body, letter.queue, letter.id, limits, check)
    except NotUnderstood as exc:
        raise StillDead(str(exc)) from exc
    if isinstance(found, Ticket):
        # The job that a ticket names is dispatched by its own ready row, if it is there at all.
        if broker.store.get(found.job_id) is None:
            raise StillDead(f'It is a ticket of job "{found.job_id}", which does not exist.')
        job_id = found.job_id
    else:
        broker.submit([found], if_absent=True)
        job_id = found.id
    broker.store.exhume(letter.id)
    return job_id
