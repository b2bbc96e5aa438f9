"""The bytes of one connection, in time."""

from __future__ import annotations

import select
import socket
import ssl

import httpcore

from ergate.services.attempts import Attempts


class TimedStream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the attempt that makes them."""

    def __init__(self, connection: socket.socket, attempts: Attempts) -> None:
        self._socket = connection
        self._attempts = attempts

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._wait_at_most(timeout)
            data = self._socket.recv(max_bytes)
        except TimeoutError as exc:
            raise httpcore.ReadTimeout from exc
        except OSError as exc:
            raise httpcore.ReadError(exc.strerror or str(exc)) from exc
        attempt = self._attempts.current
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
        return TimedStream(secured, self._attempts)

    def get_extra_info(self, info: str) -> object:
        """Return what a pool asks for: the TLS object, and whether an idle connection has ended."""
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "is_readable":
            return _is_readable(self._socket)
        return self._socket if info == "socket" else None

    def _wait_at_most(self, timeout: float | None) -> None:
        patience_s = self._attempts.patience_s(timeout)
        if patience_s <= 0:
            raise TimeoutError  # a socket would take 0 for "do not block"
        self._socket.settimeout(patience_s)


def _is_readable(connection: socket.socket) -> bool:
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
