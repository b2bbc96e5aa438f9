"""From what was raised to the problem document that a caller sees; never a traceback."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ergate.api.problems import Refused, problem, status_of
from ergate.errors import ErgateError, ValidationError
from ergate.services.faults import DefinitionFaults


def answer_errors(app: FastAPI) -> None:
    """Make an app answer every error with a problem document."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(ErgateError, _own)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _fault)


async def _refused(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refused)
    return exc.answer


async def _own(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ErgateError)
    if isinstance(exc, DefinitionFaults):
        return problem(
            status_of(exc),
            str(exc),
            next_step="Correct the document; nothing of it was kept.",
            faults=[str(fault) for fault in exc.faults],
        )
    faults = exc.faults if isinstance(exc, ValidationError) else ()
    return problem(status_of(exc), str(exc), faults=faults)


async def _unfit(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    errors = exc.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        return problem(400, "The body is no JSON.")
    # Names and reasons only: what was sent may be a secret in the wrong place.
    faults = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors[:50]]
    return problem(422, "Values do not fit: " + "; ".join(faults[:3]), faults=faults)


async def _plain(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    return problem(exc.status_code, str(exc.detail), headers=exc.headers)


async def _fault(_request: Request, _exc: Exception) -> Response:
    # The server's log has the traceback: it is raised again once this answer is sent.
    return problem(500, "An error that nobody foresaw; the server's log has the details.")
