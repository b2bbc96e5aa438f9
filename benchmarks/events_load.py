"""Send the same event again and again over connections that stay open, in a process of its own.

    python -m benchmarks.events_load PORT CONNECTIONS SECONDS

Prints how many answers came per second, the times within which half and 99 % of them came, and
how many came in all, those before the measurement included.
Every connection sends its next request when its answer is there. A request is one write of bytes
that were made before, and of an answer only the status and the length are read, so that this
process needs far less time for a request than any server does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

TOKEN = "the-token-of-the-benchmark"
EVENT = {"data": {"message": "The Sun will rise in the morning !"}}
WARM_S = 1.0
Loaded = tuple[float, float, float, int]


def request(port: int) -> bytes:
    """Return the bytes of one request."""
    body = json.dumps(EVENT).encode()
    head = (
        f"POST /e/shout HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nPrefer: respond-async\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Tally:
    """What all connections count together."""

    counts: bool = False
    total: int = 0
    took_s: list[float] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One connection with one request on its way at a time."""

    def __init__(self, request_: bytes, tally: Tally) -> None:
        self._request = request_
        self._tally = tally
        self._answer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 202"):
            self._tally.wrong.append(self._answer)
        self._tally.total += 1
        if self._tally.counts:
            self._tally.took_s.append(time.perf_counter() - self._sent_at)
        self._answer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._tally.counts:
            self._tally.wrong.append(b"The server hung up.")


def _length(head: bytes) -> int:
    return int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])


async def load(port: int, connections: int, seconds: float) -> Loaded:
    """Return what the module tells of."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(request(port), tally), "127.0.0.1", port)
    await asyncio.sleep(WARM_S)
    tally.counts = True
    start = time.perf_counter()
    await asyncio.sleep(seconds)
    tally.counts = False
    elapsed_s = time.perf_counter() - start
    if tally.wrong or not tally.took_s:
        raise SystemExit(f"Not every answer was 202: {tally.wrong[:1]!r}")
    took_s = sorted(tally.took_s)
    half_s, most_s = took_s[len(took_s) // 2], took_s[len(took_s) * 99 // 100]
    return len(took_s) / elapsed_s, half_s, most_s, tally.total


if __name__ == "__main__":
    found = asyncio.run(load(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
    print(json.dumps(found))
