"""The event loop of a worker runs coroutines for threads, and ends without leaving any behind."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from ergate.worker.event_loop import EventLoop


def test_a_coroutine_runs_in_another_thread_and_gives_its_result() -> None:
    async def thread() -> threading.Thread:
        return threading.current_thread()

    loop = EventLoop()
    assert loop.run(thread()) is not threading.current_thread()
    loop.close()


def test_what_a_coroutine_raises_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("no")

    loop = EventLoop()
    with pytest.raises(LookupError, match="no"):
        loop.run(fail())
    loop.close()


def test_closing_a_loop_that_never_started_does_nothing() -> None:
    EventLoop().close()


def test_cancelling_ends_what_runs() -> None:
    loop, begun = EventLoop(), threading.Event()

    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    def cancel() -> None:
        begun.wait(10)
        loop.cancel_all()

    threading.Thread(target=cancel).start()
    with pytest.raises((CancelledError, asyncio.CancelledError)):
        loop.run(wait())
    loop.close()


def test_what_still_runs_at_the_close_reaches_its_finally() -> None:
    loop, begun, ended = EventLoop(), threading.Event(), threading.Event()

    async def wait() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    def run() -> None:
        with pytest.raises((CancelledError, asyncio.CancelledError)):
            loop.run(wait())

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(10)
    loop.close()
    thread.join(10)
    assert (ended.is_set(), thread.is_alive()) == (True, False)
