"""The one event loop of a worker process, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class EventLoop:
    """Runs coroutines for threads that wait for them; starts at the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop; block until it ends, and return or raise what it does."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._started()).result()

    def cancel_all(self) -> None:
        """Cancel every coroutine that runs; whoever waits for one gets `CancelledError`."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(_cancel_tasks, self._loop)

    def close(self) -> None:
        """Stop the loop and its thread; calling it twice is fine."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(timeout=5)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._serve, args=(self._loop,), name="event loop", daemon=True
                )
                self._thread.start()
            return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            _run_until_stopped(loop)
        finally:
            # A step that was left behind gets to its `finally`, and is not reported as forgotten.
            tasks = _cancel_tasks(loop)
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


def _run_until_stopped(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):
            # asyncio notes them for whoever waits, and then lets them through: one step that
            # calls sys.exit() must not stop the loop of all others.
            continue
        return


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[Any]]:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    return tasks
