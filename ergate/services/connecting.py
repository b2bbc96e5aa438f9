"""Connections to addresses that were checked: the name is resolved once, judged, and connected to.

No second look-up lies between the check and the connection, so a name whose answer changes
(DNS rebinding) gains nothing. The name stays what TLS verifies and what the Host header says,
because only the connection below them goes to the checked address.
"""

from __future__ import annotations

import ipaddress
import queue
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore

from ergate.clock import Clock
from ergate.services.allowing import AllowList
from ergate.services.hosts import IPAddress, ip_of

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host, as text; raises `OSError`."""

SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class HostForbidden(Exception):
    """A host resolved to an address that may not be called; the text tells which and why."""


class HostUnknown(Exception):
    """A host has no address."""


def system_resolver(host: str, port: int) -> list[str]:
    """Return the addresses of a host by the rules of this machine."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(slots=True)
class Attempt:
    """One exchange on the network, as the thread that makes it sees it."""

    deadline: float
    """When it must be over, on the monotonic clock."""
    is_fresh: bool = False
    """Whether a connection was made for it, rather than one used again."""
    received: int = 0
    """Bytes that have come in."""
    has_ended: bool = False
    """Whether the other side has closed the connection."""


class CheckedNetwork(httpcore.NetworkBackend):
    """Makes connections for a pool, and lets none of them outlast the exchange that uses it.

    A read time-out alone would not end a service that sends one byte per second for ever.
    """

    def __init__(self, allowed: AllowList, resolver: Resolver, clock: Clock) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._clock = clock
        self._local = threading.local()

    @contextmanager
    def attempt(self, deadline: float) -> Iterator[Attempt]:
        """Hold every read and write of this thread to one deadline, and tell what they did."""
        attempt = self._local.attempt = Attempt(deadline)
        try:
            yield attempt
        finally:
            del self._local.attempt

    @property
    def current(self) -> Attempt:
        """The attempt of the calling thread."""
        attempt: Attempt = self._local.attempt
        return attempt

    def patience_s(self, timeout: float | None) -> float:
        """Return how long the calling thread may still wait, at most `timeout`; 0 if no more."""
        left = max(0.0, self.current.deadline - self._clock.monotonic())
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect; raises `HostForbidden`, `HostUnknown` or of httpcore."""
        self.current.is_fresh = True
        until = self._clock.monotonic() + self.patience_s(timeout)
        addresses = self._checked(host, port, self.patience_s(timeout))
        failure: Exception = httpcore.ConnectTimeout()
        for position, address in enumerate(addresses):
            left = until - self._clock.monotonic()
            if left <= 0:
                break
            try:
                # Each gets its share of the time, or one that swallows packets would take it all.
                return self._connected(address, port, left / (len(addresses) - position))
            except TimeoutError:
                failure = httpcore.ConnectTimeout()
            except OSError as exc:
                failure = httpcore.ConnectError(exc.strerror or str(exc))
        raise failure

    def _checked(self, host: str, port: int, timeout_s: float) -> list[IPAddress]:
        literal = ip_of(host)
        addresses = [literal] if literal else self._resolved(host, port, timeout_s)
        refusal = self._allowed.refusal(host, addresses)
        if refusal is not None:
            raise HostForbidden(refusal)
        return addresses

    def _resolved(self, host: str, port: int, timeout_s: float) -> list[IPAddress]:
        answer = _in_time(lambda: self._resolver(host, port), timeout_s)
        if isinstance(answer, Exception):
            reason = answer.strerror if isinstance(answer, OSError) else None
            raise HostUnknown(reason or type(answer).__name__) from None
        # A scope (fe80::1%eth0) is kept by ipaddress, and no list has it.
        addresses = [ipaddress.ip_address(text) for text in answer]
        if not addresses:
            raise HostUnknown("it has no address")
        return addresses

    def _connected(self, address: IPAddress, port: int, timeout_s: float) -> httpcore.NetworkStream:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout_s)
            connection.connect((str(address), port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return TimedStream(connection, self)


class TimedStream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the attempt that makes them."""

    def __init__(self, connection: socket.socket, network: CheckedNetwork) -> None:
        self._socket = connection
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._wait_at_most(timeout)
            data = self._socket.recv(max_bytes)
        except TimeoutError as exc:
            raise httpcore.ReadTimeout from exc
        except OSError as exc:
            raise httpcore.ReadError(exc.strerror or str(exc)) from exc
        attempt = self._network.current
        attempt.received += len(data)
        attempt.has_ended = not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        try:
            while rest:
                self._wait_at_most(timeout)
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as exc:
            raise httpcore.WriteTimeout from exc
        except OSError as exc:
            raise httpcore.WriteError(exc.strerror or str(exc)) from exc

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            self._wait_at_most(timeout)
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as exc:
            self.close()
            raise httpcore.ConnectTimeout from exc
        except ssl.SSLCertVerificationError as exc:
            self.close()
            raise httpcore.ConnectError(
                f"its certificate is refused: {exc.verify_message}"
            ) from exc
        except (OSError, ValueError) as exc:
            self.close()
            raise httpcore.ConnectError(f"no TLS connection: {exc}") from exc
        return TimedStream(secured, self._network)

    def get_extra_info(self, info: str) -> object:
        """Return what a pool asks for: the TLS object, and whether an idle connection has ended."""
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "is_readable":
            return _is_readable(self._socket)
        return self._socket if info == "socket" else None

    def _wait_at_most(self, timeout: float | None) -> None:
        patience_s = self._network.patience_s(timeout)
        if patience_s <= 0:
            raise TimeoutError  # a socket would take 0 for "do not block"
        self._socket.settimeout(patience_s)


def _is_readable(connection: socket.socket) -> bool:
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _in_time(resolve: Callable[[], Sequence[str]], timeout_s: float) -> Sequence[str] | Exception:
    """Run `resolve` in a thread of its own, because nothing can interrupt a system's resolver."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve())
        except Exception as exc:  # noqa: BLE001 - it is raised where somebody waits for it
            answers.put(exc)

    threading.Thread(target=ask, name="ergate-resolve", daemon=True).start()
    try:
        return answers.get(timeout=timeout_s)
    except queue.Empty:
        raise httpcore.ConnectTimeout from None
