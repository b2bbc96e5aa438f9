"""The decision about one request: who asks, and may they."""

from __future__ import annotations

from enum import StrEnum

from starlette.requests import Request

from ergate.api.problems import Refused
from ergate.api.security import LOOPBACK_NAMES, Security, host_name, is_loopback
from ergate.api.sessions import COOKIE, Sessions
from ergate.services.callback import CallbackAddresses


class Access(StrEnum):
    """What a route asks of its callers; every route declares one."""

    PUBLIC = "public"
    """Nothing: it tells nothing and changes nothing."""
    READ = "read"
    """To be on this machine, or the token."""
    WRITE = "write"
    """The token."""
    CAPABILITY = "capability"
    """An address that this server signed: whoever has it may use it, and it is good for one thing.

    The last part of it is the route's `{name}`.
    """


_SAFE = frozenset({"GET", "HEAD"})


class Guard:
    """Lets requests pass or raises `Refused`."""

    def __init__(
        self, security: Security, sessions: Sessions, callbacks: CallbackAddresses
    ) -> None:
        self._security = security
        self._sessions = sessions
        self._callbacks = callbacks

    def check(self, request: Request, access: Access) -> None:
        """Raise `Refused` unless the caller may use a route with this access."""
        if access is Access.CAPABILITY:
            request.state.place = self._callbacks.read(request.path_params["name"])
            if request.state.place is None:
                # The same for all that is wrong with it, and without repeating it.
                raise Refused(404, "This is no address that this server has given to a service.")
            return
        if access is Access.PUBLIC or self.is_known(request):
            return
        if access is Access.READ and is_local(request):
            return
        if self._security.token is None:
            raise Refused(
                403,
                "This server was started without a token, so that nothing can be changed here, "
                "and nothing can be read from elsewhere.",
                next_step="Start the server with a token.",
            )
        raise Refused(401, f"{request.method} here needs the token, and none that is valid came.")

    def is_known(self, request: Request) -> bool:
        """Return whether the token came with a request, or a session that was begun with it."""
        return self._has_token(request) or self._has_session(request)

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._security.is_token(given.strip())

    def _has_session(self, request: Request) -> bool:
        value = request.cookies.get(COOKIE)
        if value is None or not self._sessions.is_valid(value):
            return False
        # A cookie comes by itself: for a change the browser must say that a page of ours asks.
        return request.method in _SAFE or is_from_own_page(request)


def is_from_own_page(request: Request) -> bool:
    """Return whether a browser says that a page of this very origin sends the request."""
    site = request.headers.get("sec-fetch-site")
    return site == "same-origin" or (site is None and request.headers.get("origin") is not None)


def is_local(request: Request) -> bool:
    """Return whether the request was made on this machine, for this machine.

    What a proxy passes on comes from loopback, too; it shows by the Host or a header.
    """
    peer = request.client.host if request.client else None
    passed_on = {"forwarded", "x-forwarded-for", "x-real-ip", "via"} & set(request.headers)
    named = host_name(request.headers.get("host", "")) in LOOPBACK_NAMES
    return is_loopback(peer) and named and not passed_on
