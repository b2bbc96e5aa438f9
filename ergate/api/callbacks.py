"""`/c/…`: where services tell the end of work that they were given, long after the call.

The address is all that they need: it was signed for one step of one job, and works once.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import Body, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ergate.api.answers import JsonAnswer
from ergate.api.desk import AskedDesk, Desk
from ergate.api.guard import Access
from ergate.api.problems import Refused, problem
from ergate.api.routing import declared, new_router
from ergate.documents.times import timestamp
from ergate.services.answering import AlreadyTaken, Answers, TooEarly, TooLate
from ergate.services.awaiting import AnswerUnfit
from ergate.services.callback import LONGEST_NAME, PATH, WaitingPlace

P = ParamSpec("P")
T = TypeVar("T")

router = new_router("callbacks", prefix=PATH.rstrip("/"))

PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""A quick service answers before its acceptance is written down; it is let wait so long."""
_SHOWN = re.compile(rf"({re.escape(PATH)})[^/?\s]+")
_NAME = Annotated[
    str,
    Path(
        min_length=1,
        max_length=LONGEST_NAME,
        description="As it came in the header Ergate-Callback.",
        examples=["b3JkZXItNw.1.the-signature"],
    ),
]
_TOLD = Annotated[
    dict[str, Any],
    Body(
        description="The outputs of the service, or how its work failed.",
        examples=[
            {"receipt": "r-1"},
            {"error": {"name": "CardDeclined", "message": "The card was declined."}},
        ],
    ),
]


class Alive(BaseModel):
    """A sign of life was heard."""

    silent_until: str = Field(
        description="When the next must have come, or the answer.",
        examples=["2030-01-01T08:00:00.000Z"],
    )


@router.post("/{name}", operation_id="finishWork", **declared(Access.CAPABILITY, status=204))
async def finish_work(request: Request, desk: AskedDesk, name: _NAME, told: _TOLD) -> Response:
    """Tell the end of work that a call began: its outputs, or an `error`.

    The first answer is taken. After 503 it may be told again, and after 422 in another form.
    """
    place: WaitingPlace = request.state.place
    try:
        await _patiently(desk, _answers(desk).finish, place, told, (str(request.url), name))
    except AnswerUnfit as exc:
        return problem(422, "This is not what the service declares: " + str(exc), faults=exc.faults)
    return Response(status_code=204)


@router.post(
    "/{name}/heartbeat",
    operation_id="heartbeat",
    **declared(Access.CAPABILITY, answer=Alive),
)
async def heartbeat(
    request: Request,
    desk: AskedDesk,
    name: _NAME,  # noqa: ARG001 - for the OpenAPI document; the guard has read it
) -> JsonAnswer:
    """Tell that the work still goes on."""
    place: WaitingPlace = request.state.place
    until = await _patiently(desk, _answers(desk).heartbeat, place)
    return JsonAnswer(Alive(silent_until=timestamp(until)).model_dump())


def _answers(desk: Desk) -> Answers:
    place = desk.place
    return Answers(place.broker.store, place.known, place.limits, place.clock)


async def _patiently(desk: Desk, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `act` returns, trying again while it is too early. Raises `Refused`."""
    for pause_s in (*PAUSES_S, None):
        try:
            return await desk.ask(act, *args, **kwargs)
        except AlreadyTaken:
            raise Refused(
                409, "An answer has been taken before.", next_step="There is nothing left to do."
            ) from None
        except TooLate:
            raise Refused(410, "The job does not wait for this answer any more.") from None
        except TooEarly:
            if pause_s is not None:
                await asyncio.sleep(pause_s)
    raise Refused(
        503,
        "The job does not wait for this answer yet: the call has not ended.",
        next_step="Try again in a few seconds.",
    )


class HiddenAddresses(logging.Filter):
    """Takes callback addresses out of log lines: who reads one could end the step."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the arguments of a record, and let it pass."""
        if isinstance(record.args, tuple):
            record.args = tuple(hidden(one) for one in record.args)
        return True


def hidden(value: object) -> object:
    """Return a text with what follows `/c/` masked; anything else as it is."""
    return _SHOWN.sub(r"\1***", value) if isinstance(value, str) else value
