"""`/api/v1/session`: a browser gets a cookie for the token."""

from __future__ import annotations

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ergate.api.answers import JsonAnswer
from ergate.api.guard import Access, Guard
from ergate.api.problems import Refused
from ergate.api.routing import Strict, declared, new_router
from ergate.api.security import Security
from ergate.api.sessions import COOKIE, Sessions

router = new_router("session")


class Rights(BaseModel):
    """What whoever asks may do here."""

    may_change: bool = Field(description="Whether a change would be let through.")
    has_token: bool = Field(description="Whether the server has a token to sign in with.")
    read_only: bool = Field(description="Whether the server refuses every change.")


class SignIn(Strict):
    """The token, as whoever started the server knows it."""

    token: str = Field(min_length=1, max_length=1000, examples=["the-token-of-this-server"])


@router.get("/session", operation_id="getRights", **declared(Access.READ, answer=Rights))
async def get_rights(request: Request) -> JsonAnswer:
    """Tell whether this session, token or caller may change something."""
    security: Security = request.app.state.security
    guard: Guard = request.app.state.guard
    rights = Rights(
        may_change=guard.is_known(request) and not security.read_only,
        has_token=security.token is not None,
        read_only=security.read_only,
    )
    return JsonAnswer(rights.model_dump())


@router.post(
    "/session",
    operation_id="signIn",
    **declared(Access.PUBLIC, 401, 408, 413, 415, 422, status=204),
)
async def sign_in(request: Request, given: SignIn) -> Response:
    """Begin a session: the answer sets a cookie that scripts cannot read."""
    security: Security = request.app.state.security
    sessions: Sessions = request.app.state.sessions
    if not security.is_token(given.token):
        raise Refused(401, "This is not the token of this server.")
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        sessions.begin(),
        max_age=int(security.session_s),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.delete(
    "/session",
    operation_id="signOut",
    **declared(Access.PUBLIC, 408, 413, 415, status=204),
)
async def sign_out(request: Request) -> Response:
    """End the browser's session: its cookie is removed."""
    answer = Response(status_code=204)
    secure = request.url.scheme == "https"
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure)
    return answer
