"""What went wrong on the network: the kind of failure, and words that go on after its subject."""

from __future__ import annotations

import httpcore

from ergate.services.attempts import Attempt
from ergate.services.connecting import HostForbidden
from ergate.services.failures import (
    AddressRefused,
    BadReply,
    ServiceFailure,
    ServiceTimeout,
    ServiceUnavailable,
)
from ergate.services.limits import CallLimits
from ergate.services.resolving import HostUnknown
from ergate.services.transport import CONNECTIONS

NETWORK_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    HostForbidden,
    HostUnknown,
)
BROKEN = (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)
"""What also befalls a connection that was idle when the other side closed it."""

Explanation = tuple[type[ServiceFailure], str]


def explained(
    exc: Exception, attempt: Attempt, limits: CallLimits, *, is_late: bool
) -> Explanation:
    """Explain one of `NETWORK_ERRORS`; `is_late` when the time for the whole call is over."""
    if isinstance(exc, httpcore.TimeoutException):
        return _too_slow(exc, limits, is_late=is_late)
    if isinstance(exc, httpcore.ProtocolError):
        return _not_http(exc, attempt)
    if isinstance(exc, HostForbidden):
        return AddressRefused, f"is not called: {exc}"
    if isinstance(exc, HostUnknown):
        return ServiceUnavailable, f"cannot be reached, as its host is not found: {exc}"
    if isinstance(exc, httpcore.ConnectError):
        return ServiceUnavailable, f"cannot be connected to: {exc}"
    return ServiceUnavailable, f"broke off the connection: {exc}"


def _too_slow(exc: httpcore.TimeoutException, limits: CallLimits, *, is_late: bool) -> Explanation:
    if isinstance(exc, httpcore.ConnectTimeout):
        patience_s = min(limits.connect_s, limits.total_s)
        return ServiceUnavailable, f"could not be connected to within {patience_s:g} s"
    if isinstance(exc, httpcore.PoolTimeout):
        return ServiceTimeout, f"waited in vain for one of the {CONNECTIONS} connections"
    if is_late:
        return ServiceTimeout, f"gave no whole answer within {limits.total_s:g} s"
    return ServiceTimeout, f"was silent for {limits.silence_s:g} s"


def _not_http(exc: httpcore.ProtocolError, attempt: Attempt) -> Explanation:
    if isinstance(exc, httpcore.LocalProtocolError):
        # Its text may quote a header, and so a secret.
        return BadReply, "cannot be called: the request would be no HTTP"
    if attempt.has_ended:
        return ServiceUnavailable, "closed the connection before its answer was whole"
    return BadReply, f"answered something that is no HTTP: {exc}"
