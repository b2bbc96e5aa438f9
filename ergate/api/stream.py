"""`/api/v1/stream`: live changes as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ergate.api.answers import json_text
from ergate.api.desk import Desk
from ergate.api.guard import Access
from ergate.api.problems import Refused
from ergate.api.routing import declared, new_router
from ergate.api.snapshots import Snapshot, Snapshots, changes
from ergate.errors import ErgateError

router = new_router("stream")

QUIET_S = 15.0
"""After so long without a change a comment is sent: it shows whether the caller is still there."""


class Streams:
    """The open event streams; there are never more than the bound allows."""

    def __init__(self, desk: Desk) -> None:
        self._bounds = desk.bounds
        self._snapshots = Snapshots(desk)
        self._open = 0
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def open_count(self) -> int:
        """How many streams are open."""
        return self._open

    def enter(self) -> None:
        """Take a place for one more stream. Raises `Refused`."""
        if self._open >= self._bounds.streams:
            raise Refused(503, f"{self._open} event streams are open, and more are not allowed.")
        self._open += 1

    def leave(self) -> None:
        """Give the place back."""
        self._open -= 1

    def stop(self) -> None:
        """End all streams, so that the server can end."""
        self._stopping.set()

    def stop_soon(self) -> None:
        """Do the same from a signal handler, which may run in the midst of the event loop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def events(self) -> AsyncIterator[str]:
        """Yield the parts of the picture that changed; at first all of them."""
        self._loop = asyncio.get_running_loop()
        seen: Snapshot = {}
        latest: Snapshot
        told = time.monotonic()
        yield "retry: 2000\n\n"
        while not self._stopping.is_set():
            try:
                latest = await self._snapshots.latest()
            except (ErgateError, Refused) as exc:
                yield _event("problem", {"detail": str(exc)})
                # What follows comes as a whole, so that it shows that the trouble is over.
                latest, seen, told = {}, {}, time.monotonic()
            for name, part in changes(seen, latest).items():
                yield _event(name, part)
                told = time.monotonic()
            seen = latest
            if time.monotonic() - told >= QUIET_S:
                yield ": still here\n\n"
                told = time.monotonic()
            await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), self._bounds.snapshot_s)
        except TimeoutError:
            return


class StreamAnswer(StreamingResponse):
    """A stream that gives its place back however it ends."""

    media_type = "text/event-stream"

    def __init__(self, streams: Streams) -> None:
        super().__init__(streams.events())
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until one side ends it."""
        self._streams.enter()
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.leave()


@router.get(
    "/stream",
    operation_id="streamChanges",
    **declared(
        Access.READ,
        answer=str,
        media_type="text/event-stream",
        example='event: counts\ndata: {"queued":3}\n\n',
    ),
)
async def stream_changes(request: Request) -> StreamAnswer:
    """Stream what changes: the events `counts`, `queues`, `workers` and `jobs`, the recent ones.

    Each event has the whole of its part. At first all four come, later what has changed, looked
    at once a second. The event `problem` tells that the store cannot be read at the moment.
    """
    return StreamAnswer(request.app.state.streams)


def _event(name: str, document: object) -> str:
    # json_text has no line ends, which would end the event.
    return f"event: {name}\ndata: {json_text(document)}\n\n"
