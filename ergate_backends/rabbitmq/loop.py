"""The one thread on which all connections of a queue live."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ergate.errors import BackendUnavailable

T = TypeVar("T")

END_S = 5.0


class Loop:
    """Runs what other threads ask for, one thing at a time; steps never run here.

    So heartbeats go out and confirmations come in whatever the steps of this process do.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="rabbitmq", daemon=True)
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float, what: str) -> T:
        """Run a coroutine and wait for what it returns; `what` says what that is, for people.

        Raises `BackendUnavailable` after the time limit, and whatever the coroutine raises.
        """
        with self._lock:
            if self._is_closed:
                work.close()
                raise BackendUnavailable(f"{what}: this queue was closed.")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except TimeoutError as exc:
            future.cancel()
            raise BackendUnavailable(f"{what}: no answer within {timeout_s:g} s.") from exc

    def call(self, act: Callable[..., object], *arguments: object) -> None:
        """Have a function called soon; after `close` it is not."""
        with self._lock:
            if not self._is_closed:
                self._loop.call_soon_threadsafe(act, *arguments)

    def close(self) -> None:
        """End the thread; what it has not done by now is not done."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._loop.call_soon_threadsafe(self._cancel_and_stop)
        self._thread.join(END_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _cancel_and_stop(self) -> None:
        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            self._loop.stop()

        self._ending = self._loop.create_task(end())
