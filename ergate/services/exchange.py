"""One request and its reply, or the failure that stands for everything that can go wrong."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import httpcore
import httpx

from ergate.clock import Clock
from ergate.services.allowing import AllowList
from ergate.services.attempts import Attempt, Attempts
from ergate.services.connecting import CheckedNetwork
from ergate.services.explaining import BROKEN, NETWORK_ERRORS, explained
from ergate.services.failures import ServiceFailure
from ergate.services.limits import CallLimits
from ergate.services.order import Order
from ergate.services.raw_reply import RawReply
from ergate.services.resolving import Resolver
from ergate.services.secrets import told_without
from ergate.services.transport import CheckedTransport

EXCERPT_BYTES = 4096
"""So much is read of a reply that tells of a failure."""

CLOCK_GRAIN_S = 0.005
"""A time-out of a socket can come this much early."""


class Exchanger:
    """Sends orders over the pool of connections of one process; for any number of threads."""

    def __init__(
        self, allowed: AllowList, resolver: Resolver, clock: Clock, ca_file: Path | None
    ) -> None:
        self._clock = clock
        self._attempts = Attempts(clock)
        network = CheckedNetwork(allowed, resolver, self._attempts)
        self._transport = CheckedTransport(network, ca_file)

    def send(self, order: Order) -> RawReply:
        """Return the reply, whatever its status; raises `ServiceFailure` when there is none."""
        outcome = self._outcome(order)
        # Raised here and not where it was caught: a foreign error can quote what was sent, and
        # would be shown as the context of ours.
        if isinstance(outcome, ServiceFailure):
            raise outcome
        return outcome

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def _outcome(self, order: Order) -> RawReply | ServiceFailure:
        started = self._clock.monotonic()
        with self._attempts.until(started + order.limits.total_s) as attempt:
            while True:
                attempt.is_fresh, attempt.received, attempt.has_ended = False, 0, False
                try:
                    return self._reply(order, started, attempt)
                except BROKEN as exc:
                    # The service closed a connection that was idle just as it was used again.
                    # Each turn uses up one such connection; a new one is never tried twice.
                    if attempt.is_fresh or attempt.received:
                        return self._failure(order, exc, attempt)
                except NETWORK_ERRORS as exc:
                    return self._failure(order, exc, attempt)

    def _reply(self, order: Order, started: float, attempt: Attempt) -> RawReply:
        request = httpx.Request(
            order.method,
            order.address.url,
            headers=order.headers,
            content=order.body,
            extensions={"timeout": _timeouts(order.limits)},
        )
        with closing(self._transport.handle_request(request)) as response:
            if not attempt.received:
                # More than one answer came to the request before this one, and was still in the
                # buffer of the connection. Closed unread, it is not used again.
                raise httpcore.RemoteProtocolError("its answer came before the request")
            headers = {name.lower(): value for name, value in response.headers.items()}
            limit = order.limits.max_reply_bytes if response.is_success else EXCERPT_BYTES
            body, is_whole = _read(response, limit)
        took_s = self._clock.monotonic() - started
        return RawReply(response.status_code, headers, body, is_whole, took_s)

    def _failure(self, order: Order, exc: Exception, attempt: Attempt) -> ServiceFailure:
        is_late = self._attempts.patience_s() < CLOCK_GRAIN_S
        kind, what = explained(exc, attempt, order.limits, is_late=is_late)
        return kind(told_without(f"{order.who} {what}.", order.secrets))


def _timeouts(limits: CallLimits) -> dict[str, float]:
    silence_s, total_s = limits.silence_s, limits.total_s
    return {"connect": limits.connect_s, "read": silence_s, "write": silence_s, "pool": total_s}


def _read(response: httpx.Response, limit: int) -> tuple[bytes, bool]:
    """Return the body as it came over the wire, and whether it is all of it."""
    body = bytearray()
    length = response.headers.get("content-length", "")
    if response.is_success and length.isdecimal() and int(length) > limit:
        return b"", False
    try:
        for part in response.iter_raw():
            body += part
            if len(body) > limit:
                return bytes(body[:limit]), False
    except NETWORK_ERRORS:
        if response.is_success:
            raise
        return bytes(body), False  # the status tells enough
    return bytes(body), True
