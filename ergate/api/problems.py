"""What went wrong, as one document: what, why, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from ergate.api.answers import ProblemAnswer
from ergate.errors import (
    BackendError,
    ErgateError,
    NotFoundError,
    PayloadError,
    UsageError,
    ValidationError,
)

MOST_FAULTS = 100
"""So many are told at once."""
TITLES: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "A valid token is needed.",
    403: "This is not allowed here.",
    404: "There is nothing with this name.",
    405: "This address does not know the method.",
    408: "The body of the request did not arrive in time.",
    409: "This cannot be done as things stand.",
    410: "The time for this is over.",
    413: "The body of the request is too large.",
    415: "The body of the request is no JSON, or does not say so.",
    422: "A value of the request does not fit.",
    500: "The server has a fault.",
    503: "The state store cannot be used now.",
}
_NEXT: Mapping[int, str] = {
    400: "Correct the request.",
    401: "Send the header `Authorization: Bearer TOKEN` with the token of this server.",
    403: "Ask from the same origin, or from a program with a token.",
    404: "Look at the list of what there is, one level up.",
    405: "See the OpenAPI document at /api/v1/openapi.json.",
    408: "Send the request again.",
    409: "Look at the present state, and ask for what is possible there.",
    410: "Give up: this address will not be good again.",
    413: "Send less, and keep large data elsewhere.",
    415: "Send JSON, with the header `Content-Type: application/json`.",
    422: "Correct the values; the OpenAPI document at /api/v1/openapi.json tells their types.",
    500: "Look at the server's log, and report the fault.",
    503: "Try again in a few seconds; `ergate doctor` tells more.",
}


class Problem(BaseModel):
    """What every answer with a status of 400 or more holds."""

    type: str = Field(examples=["urn:ergate:problem:404"])
    title: str = Field(description="What happened.", examples=[TITLES[404]])
    status: int = Field(examples=[404])
    detail: str = Field(description="Why.", examples=['There is no job "a".'])
    next_step: str = Field(description="What to do about it.", examples=[_NEXT[404]])
    faults: list[str] = Field(default=[], description="Each value that does not fit, and why.")


def problem(
    status: int,
    detail: str,
    *,
    next_step: str | None = None,
    faults: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemAnswer:
    """Return the answer that tells of a problem."""
    document = Problem(
        type=f"urn:ergate:problem:{status}",
        title=TITLES.get(status, "The request was refused."),
        status=status,
        detail=detail,
        next_step=next_step or _NEXT.get(status, "See the OpenAPI document."),
        faults=list(faults)[:MOST_FAULTS],
    )
    more = dict(headers or {})
    if status == 401:  # noqa: PLR2004 - RFC 9110 wants it with this status
        more["WWW-Authenticate"] = "Bearer"
    if status == 503:  # noqa: PLR2004
        more["Retry-After"] = "2"
    return ProblemAnswer(document.model_dump(), status, headers=more)


def status_of(error: ErgateError) -> int:
    """Return the HTTP status that an error of Ergate's own gets."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, ValidationError | PayloadError):
        return 422
    if isinstance(error, UsageError):
        return 409
    return 503 if isinstance(error, BackendError) else 500


class Refused(Exception):
    """A request is answered with a problem instead of what it asked for."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        next_step: str | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        super().__init__(detail)
        self.answer = problem(status, detail, next_step=next_step, faults=faults)
