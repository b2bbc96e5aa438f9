"""A TCP proxy that mistreats connections on purpose, as networks do by accident."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from enum import Enum
from types import TracebackType
from typing import Self

PIECE = 64 * 1024


class Fault(Enum):
    """What the proxy does to all connections, old and new."""

    NONE = "passes everything on"
    DROP = "swallows everything, in both directions, and stays silent"
    REPLIES = "passes requests on and swallows the replies: what was asked for happens"
    RESET = "resets every connection"


class Proxy:
    """Listens on a free loopback port and passes everything on to `port`, until told otherwise.

    `own_port` is the port to listen on, where it must be known beforehand.

    Bytes that a fault has swallowed never come; a connection that lost some is reset when the
    fault ends, as a stream with a hole in it must not go on. Used from any thread.

        with Proxy(server.port) as proxy:
            proxy.fault = Fault.DROP
    """

    def __init__(self, port: int, host: str = "127.0.0.1", *, own_port: int = 0) -> None:
        self._fault = Fault.NONE
        self._reset = asyncio.Event()
        self.delay_s = 0.0
        """How much later each reply comes."""
        self.swallowed = 0
        """How many bytes did not arrive so far."""
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", own_port))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    @property
    def fault(self) -> Fault:
        """What it does now; may be set."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault
        act = self._reset.set if fault is Fault.RESET else self._reset.clear
        self._loop.call_soon_threadsafe(act)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accepted, sock=self._listener)
        )
        self._loop.run_forever()
        server.close()
        # A client that connects at this moment makes new tasks.
        while left := asyncio.all_tasks(self._loop):
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; its end by the end of the proxy is no error."""
        with contextlib.suppress(asyncio.CancelledError):
            await self._connected(reader, writer)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until one side closes it, or a fault ends it."""
        writers = [writer]
        try:
            there, back = await asyncio.open_connection(*self._target)
            writers.append(back)
            requests = asyncio.ensure_future(self._pass(reader, back, replies=False))
            replies = asyncio.ensure_future(self._pass(there, writer, replies=True))
            pair = (requests, replies, asyncio.ensure_future(self._reset.wait()))
            try:
                await asyncio.wait(pair, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in pair:
                    task.cancel()
                await asyncio.gather(*pair, return_exceptions=True)
        except OSError:
            pass  # the server is not there: the client sees its connection end
        finally:
            for one in writers:
                self._end(one)

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, replies: bool
    ) -> None:
        has_hole = False
        while data := await source.read(PIECE):
            if replies and self.delay_s:
                await asyncio.sleep(self.delay_s)
            if self.fault is Fault.DROP or (replies and self.fault is Fault.REPLIES):
                self.swallowed += len(data)
                has_hole = True
            elif has_hole:
                return
            else:
                target.write(data)
                await target.drain()

    def _end(self, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        if self.fault is Fault.RESET:
            # A linger time of zero makes the kernel send RST instead of FIN.
            raw = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        transport.abort()
