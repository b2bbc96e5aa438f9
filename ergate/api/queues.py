"""`/api/v1/queues` and `/api/v1/dead-letters`: what waits, and what nobody could understand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import Field

from ergate.api.answers import JsonAnswer
from ergate.api.bounds import MAX_NAME
from ergate.api.desk import AskedDesk, Place
from ergate.api.guard import Access
from ergate.api.names import NameInPath, PageLimit, now
from ergate.api.problems import Refused
from ergate.api.routing import Strict, declared, new_router
from ergate.api.shapes import Letter, Purged, Queue, Requeued
from ergate.brokers.requeue import StillDead, requeue
from ergate.contracts.state_store import DeadLetter
from ergate.documents.stored import letter_document, queue_document
from ergate.errors import NotFoundError

router = new_router("queues")

_ALL = 1_000_000
LetterId = Annotated[str, Path(min_length=1, max_length=MAX_NAME, description="The letter's id.")]


@router.get("/queues", operation_id="listQueues", **declared(Access.READ, answer=list[Queue]))
async def list_queues(desk: AskedDesk) -> JsonAnswer:
    """List the queues that have jobs which have not ended."""
    found = await desk.ask(desk.place.broker.store.queues)
    return JsonAnswer([queue_document(stats, now()) for stats in found])


@router.get(
    "/dead-letters", operation_id="listDeadLetters", **declared(Access.READ, answer=list[Letter])
)
async def list_dead_letters(desk: AskedDesk, limit: PageLimit = 100) -> JsonAnswer:
    """List what nobody could understand, the newest first."""
    letters = await desk.ask(desk.place.broker.store.dead_letters, limit)
    return JsonAnswer([letter_document(letter) for letter in letters])


@router.get(
    "/dead-letters/{letter_id}",
    operation_id="getDeadLetter",
    **declared(Access.READ, 404, answer=Letter),
)
async def get_dead_letter(desk: AskedDesk, letter_id: LetterId) -> JsonAnswer:
    """Return one dead letter with its body."""
    return JsonAnswer(letter_document(await desk.ask(_letter, desk.place, letter_id)))


@router.post(
    "/dead-letters/{letter_id}/requeue",
    operation_id="requeueDeadLetter",
    **declared(Access.WRITE, 404, answer=Requeued),
)
async def requeue_dead_letter(desk: AskedDesk, letter_id: LetterId) -> JsonAnswer:
    """Read a dead letter once more and hand in its job; what is still unclear stays."""
    return JsonAnswer(await desk.ask(_requeue, desk.place, letter_id))


def _letter(place: Place, letter_id: str) -> DeadLetter:
    for letter in place.broker.store.dead_letters(_ALL):
        if letter.id == letter_id:
            return letter
    raise NotFoundError(f'There is no dead letter "{letter_id}".')


def _requeue(place: Place, letter_id: str) -> dict[str, str]:
    place.check_orders()
    letter = _letter(place, letter_id)
    try:
        job_id = requeue(place.broker, letter, place.limits, place.registry)
    except StillDead as exc:
        raise Refused(409, f"The letter stays: {exc}") from exc
    return {"letter": letter.id, "job": job_id}


class Purge(Strict):
    """How many jobs the caller saw waiting; left out, whatever waits is cancelled."""

    expected: int | None = Field(default=None, ge=0, examples=[3])


@router.post(
    "/queues/{name:path}/purge",
    operation_id="purgeQueue",
    **declared(Access.WRITE, 404, answer=Purged),
)
async def purge_queue(desk: AskedDesk, name: NameInPath, purge: Purge | None = None) -> JsonAnswer:
    """Cancel every job that waits in a queue, ready or scheduled; running ones go on.

    When another number than `expected` waits, nothing is changed.
    """
    return JsonAnswer(await desk.order(_purge, desk.place, name, (purge or Purge()).expected))


def _purge(place: Place, name: str, expected: int | None) -> dict[str, object]:
    place.check_orders()
    store = place.broker.store
    found = {stats.queue: stats for stats in store.queues()}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise NotFoundError(f'No job waits in a queue "{name}". Queues with jobs: {known}.')
    waiting = found[name].ready + found[name].scheduled
    if expected not in (None, waiting):
        raise Refused(
            409,
            f"{waiting} jobs wait in the queue, not {expected}; nothing was changed.",
            next_step="Look again, and confirm the new number.",
        )
    return {"queue": name, "cancelled": store.purge(name)}
