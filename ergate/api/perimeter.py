"""What holds for every request, whatever its route: Host, origin, size, and answering headers."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ergate.api.bodies import read_body
from ergate.api.bounds import Bounds
from ergate.api.problems import Refused
from ergate.api.security import Security

SAFE_METHODS = frozenset({"GET", "HEAD"})
"""An allow-list: whatever is not in it counts as a change."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
        # A browser that knows it lets no script make markup out of text.
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class Perimeter:
    """Wraps an app; what it refuses never reaches a route."""

    def __init__(self, app: ASGIApp, security: Security, bounds: Bounds) -> None:
        self._app = app
        self._security = security
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # there are no web sockets here

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                missing = [one for one in _RAW_HEADERS if one[0] not in given]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        try:
            check_request(scope, self._security)
            body = receive
            if scope["method"] not in SAFE_METHODS:
                body = await read_body(Headers(scope=scope), receive, self._bounds)
        except Refused as exc:
            await exc.answer(scope, receive, send_with_headers)
            return
        await self._app(scope, body, send_with_headers)


def check_request(scope: Scope, security: Security) -> None:
    """Raise `Refused` for a request to another host's name, or one that a strange page sends."""
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not security.allows_host(hosts[0]):
        raise Refused(
            400,
            "The Host header names another server than this one.",
            next_step="Use an address that the server was started for.",
        )
    if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
        raise Refused(400, "The address holds a NUL character, which nothing here is called by.")
    if scope["method"] in SAFE_METHODS:
        _check_reading(headers)
        return
    if security.read_only:
        raise Refused(
            403,
            "This server only shows: it was started read-only.",
            next_step="Use another server, or the command line.",
        )
    _check_origin(headers, f"{scope['scheme']}://{hosts[0]}".lower())


def _check_reading(headers: Headers) -> None:
    # A link from elsewhere may lead here; a script, picture or frame elsewhere gets nothing.
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    if site in (None, "same-origin", "none"):
        return
    if mode != "navigate" or headers.get("sec-fetch-dest") != "document":
        raise Refused(403, "A page of another site asks for this.")


def _check_origin(headers: Headers, own: str) -> None:
    if headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
        raise Refused(403, "A page of another site sends this.")
    origins = headers.getlist("origin")
    if origins and [origin.lower() for origin in origins] != [own]:
        raise Refused(403, "The Origin header names another site than this one.")
