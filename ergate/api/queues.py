"""`/api/v1/queues` and `/api/v1/dead-letters`: what waits, and what nobody could understand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from ergate.api.answers import JsonAnswer
from ergate.api.bounds import MAX_NAME
from ergate.api.desk import AskedDesk, Place
from ergate.api.guard import Access
from ergate.api.names import PageLimit, now
from ergate.api.problems import Refused
from ergate.api.routing import declared, new_router
from ergate.api.shapes import Letter, Queue, Requeued
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
