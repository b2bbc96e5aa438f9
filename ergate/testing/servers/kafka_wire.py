"""As much of Kafka's protocol as a test server needs, so that no client library is asked.

Each request is the oldest version that Kafka 4 still speaks.
"""

from __future__ import annotations

import socket
import struct

API_VERSIONS = (18, 0)
METADATA = (3, 1)
DELETE_TOPICS = (20, 1)
_TIMEOUT_S = 10.0


def ask(port: int, api: tuple[int, int], body: bytes = b"") -> bytes:
    """Send one request to a broker on this machine and return the answer without its header.

    Raises `OSError` when it does not answer.
    """
    key, version = api
    request = struct.pack(">hhih", key, version, 1, -1) + body
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", _exactly(connection, 4))
        return _exactly(connection, length)[4:]


def topics(port: int) -> list[str]:
    """Return the names of all topics."""
    answer = _Reader(ask(port, METADATA, struct.pack(">i", -1)))
    for _ in range(answer.number(">i")):
        answer.number(">i")
        answer.text()
        answer.number(">i")
        answer.text()
    answer.number(">i")
    found = []
    for _ in range(answer.number(">i")):
        answer.number(">h")
        found.append(answer.text())
        answer.number(">b")
        for _ in range(answer.number(">i")):
            answer.skip(2 + 4 + 4)
            for _ in ("replicas", "replicas in sync"):
                answer.skip(4 * answer.number(">i"))
    return found


def delete_topics(port: int, names: list[str]) -> None:
    """Delete topics, and return when the controller has written that."""
    texts = [name.encode() for name in names]
    listed = b"".join(struct.pack(">h", len(text)) + text for text in texts)
    body = struct.pack(">i", len(texts)) + listed + struct.pack(">i", int(_TIMEOUT_S * 1000))
    answer = _Reader(ask(port, DELETE_TOPICS, body))
    answer.number(">i")
    for _ in range(answer.number(">i")):
        name, error = answer.text(), answer.number(">h")
        assert error == 0, f"topic {name} could not be deleted: error {error}"


class _Reader:
    """Takes one value after the other from an answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        assert isinstance(value, int)
        return value

    def text(self) -> str:
        length = max(0, self.number(">h"))
        self.skip(length)
        return self._data[self._at - length : self._at].decode()

    def skip(self, length: int) -> None:
        self._at += length


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ConnectionResetError("the broker has hung up")
        data += piece
    return data
