"""Servers that behave badly on purpose, on free loopback ports."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial


@dataclass(frozen=True)
class Request:
    """A request as it came in; header names are lower-case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> object:
        return json.loads(self.body)


Handle = Callable[["Connection"], None]
"""Does what it likes with one connection, which is closed when it returns."""


class Connection:
    """One accepted connection; `number` counts from 1."""

    def __init__(self, raw: socket.socket, peer: Peer, number: int) -> None:
        self.raw = raw
        self.peer = peer
        self.number = number
        self._buffer = b""

    def request(self) -> Request | None:
        """Return the next request, or None when the other side has closed."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = self._exactly(int(headers.get("content-length", "0")))
        request = Request(method, target, headers, body)
        self.peer.requests.append(request)
        return request

    def answer(
        self,
        data: object = None,
        *,
        status: str = "200 OK",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send one whole reply; JSON unless `body` is given. `_` in a header's name means `-`."""
        body = json.dumps(data).encode() if body is None else body
        lines = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        more = headers or {}
        lines |= {name.replace("_", "-").title(): value for name, value in more.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        self.raw.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._buffer:
            if not self._more():
                return None
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size and self._more():
            pass
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def _more(self) -> bool:
        data = self.raw.recv(65536)
        self._buffer += data
        return bool(data)


@dataclass
class Peer:
    """A running server: where it is, and what it has seen."""

    port: int
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    accepted: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the block ends: a handler that never answers waits for it."""
    sockets: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/"


@contextmanager
def serving(
    handle: Handle, context: ssl.SSLContext | None = None, *, port: int = 0
) -> Iterator[Peer]:
    """Run `handle` in a thread for each connection until the end of the block."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        peer = Peer(listener.getsockname()[1], "https" if context else "http")
        work = partial(_serve, peer=peer, handle=handle, context=context)
        acceptor = threading.Thread(target=_accept, args=(listener, peer, work))
        acceptor.start()
        try:
            yield peer
        finally:
            peer.stopping.set()
            _end(listener)
            acceptor.join(10)
            for raw in peer.sockets:
                _end(raw)
            for thread in peer.threads:
                thread.join(10)
            assert [thread for thread in peer.threads if thread.is_alive()] == []


def looping(reply: Callable[[Connection, Request], None]) -> Handle:
    """Answer every request of a connection that is kept alive."""

    def handle(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            reply(connection, request)

    return handle


def _accept(
    listener: socket.socket, peer: Peer, work: Callable[[socket.socket, int], None]
) -> None:
    while True:
        try:
            raw, _ = listener.accept()
        except OSError:
            return
        peer.accepted += 1
        peer.threads.append(threading.Thread(target=work, args=(raw, peer.accepted)))
        peer.threads[-1].start()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _serve(
    raw: socket.socket, number: int, peer: Peer, handle: Handle, context: ssl.SSLContext | None
) -> None:
    # The caller goes away in the middle of many of these conversations.
    with suppress(OSError), raw:
        raw.settimeout(30)
        peer.sockets.append(raw)
        if context is None:
            handle(Connection(raw, peer, number))
            return
        with context.wrap_socket(raw, server_side=True) as secured:
            peer.sockets.append(secured)
            handle(Connection(secured, peer, number))
