"""Connections to addresses that were checked: the name is resolved once, judged, and connected to.

No second look-up lies between the check and the connection, so a name whose answer changes
(DNS rebinding) gains nothing. The name stays what TLS verifies and what the Host header says,
because only the connection below them goes to the checked address.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable

import httpcore

from ergate.services.allowing import AllowList
from ergate.services.attempts import Attempts
from ergate.services.hosts import IPAddress, ip_of
from ergate.services.resolving import Resolver, addresses_of
from ergate.services.streams import TimedStream

SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class HostForbidden(Exception):
    """A host resolved to an address that may not be called; the text tells which and why."""


class CheckedNetwork(httpcore.NetworkBackend):
    """Makes connections for a pool, each to an address that the list allows."""

    def __init__(self, allowed: AllowList, resolver: Resolver, attempts: Attempts) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._attempts = attempts

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect; raises `HostForbidden`, `HostUnknown` or of httpcore."""
        self._attempts.current.is_fresh = True
        patience_s = self._attempts.patience_s(timeout)
        until = time.monotonic() + patience_s
        try:
            addresses = self._checked(host, port, patience_s)
            return self._connected_to_one(addresses, port, until)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout from exc
        except OSError as exc:
            raise httpcore.ConnectError(exc.strerror or str(exc)) from exc

    def _checked(self, host: str, port: int, timeout_s: float) -> list[IPAddress]:
        literal = ip_of(host)
        addresses = [literal] if literal else addresses_of(host, port, self._resolver, timeout_s)
        refusal = self._allowed.refusal(host, addresses)
        if refusal is not None:
            raise HostForbidden(refusal)
        return addresses

    def _connected_to_one(
        self, addresses: list[IPAddress], port: int, until: float
    ) -> httpcore.NetworkStream:
        failure: OSError = TimeoutError()
        for position, address in enumerate(addresses):
            left_s = until - time.monotonic()
            if left_s <= 0:
                break
            try:
                # Each gets its share of the time, or one that swallows packets would take it all.
                share_s = left_s / (len(addresses) - position)
                return TimedStream(_connected(address, port, share_s), self._attempts)
            except OSError as exc:
                failure = exc
        raise failure


def _connected(address: IPAddress, port: int, timeout_s: float) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect((str(address), port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection
