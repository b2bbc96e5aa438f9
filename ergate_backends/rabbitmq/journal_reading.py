"""To read a stream queue from its beginning to the end that it has now.

A consumer of a stream never learns that it has reached the end. We know it nevertheless:

- An acknowledgement gives the consumer room, and the server's channel sends what fits into it
  before it looks at the next order. So when the answer to such an order comes and no message came
  before it, nothing was left.
- A first message that takes a moment would look like an empty stream. The consumer at the end
  begins with a question to the stream itself, and when that is answered the stream has already
  told the channel of what is there for the consumer at the beginning. Two more orders, and the
  channel has heard it.
- While others write, the end runs away: what the consumer at the end receives was not there when
  we began, and bounds the reading.

Source: `consume`, `settle` and `handle_event` of rabbit_stream_queue.erl in rabbitmq-server.
"""

from __future__ import annotations

from collections.abc import Callable

from pika import spec
from pika.channel import Channel as RawChannel

from ergate.contracts.journal import Entry
from ergate_backends.rabbitmq.channel import Channel

KEY = "key"
PREFETCH = 500
BEGINNING, END = "first", "next"

Message = tuple[int, Entry]


class Reading:
    """One reading, on a channel of its own. Used on the loop's thread only."""

    def __init__(self, channel: Channel, name: str) -> None:
        self._channel = channel
        self._name = name
        self._arrived: list[Message] = []
        self._last_tag = 0
        self._bound: int | None = None
        """The offset of the first message that was not there when we began."""

    async def start(self) -> None:
        """Begin to receive; raises `Refused` and `BackendUnavailable`."""
        await self._consume(BEGINNING, PREFETCH, self._receive)
        await self._consume(END, 1, self._receive_new)
        await self._settle_down()

    async def _consume(self, offset: str, prefetch: int, receive: Callable[..., None]) -> None:
        raw = self._channel.raw
        await self._channel.order(raw.basic_qos, prefetch_count=prefetch)
        await self._channel.order(
            raw.basic_consume, self._name, receive, arguments={"x-stream-offset": offset}
        )

    async def _settle_down(self) -> None:
        for _ in range(2):
            await self._channel.order(self._channel.raw.basic_qos, prefetch_count=PREFETCH)

    async def more(self) -> list[Entry]:
        """Return the next entries; none at the end."""
        if not self._arrived:
            await self._settle_down()
        batch, self._arrived = self._arrived, []
        if batch:
            self._channel.raw.basic_ack(self._last_tag, multiple=True)
        bound = self._bound
        return [entry for offset, entry in batch if bound is None or offset < bound]

    def close(self) -> None:
        """Stop receiving."""
        self._channel.close()

    def _receive(
        self,
        _: RawChannel,
        method: spec.Basic.Deliver,
        properties: spec.BasicProperties,
        body: bytes,
    ) -> None:
        headers = properties.headers or {}
        self._last_tag = method.delivery_tag or 0
        self._arrived.append((_offset(properties), Entry(str(headers.get(KEY, "")), body)))

    def _receive_new(
        self, _: RawChannel, _method: object, properties: spec.BasicProperties, _body: bytes
    ) -> None:
        self._bound = _offset(properties)


def _offset(properties: spec.BasicProperties) -> int:
    return int((properties.headers or {})["x-stream-offset"])
