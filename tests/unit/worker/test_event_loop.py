"""The event loop outlives whatever its coroutines do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from ergate.worker.event_loop import EventLoop


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    with closing(EventLoop()) as loop:
        yield loop


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException])
def test_whatever_a_coroutine_raises_reaches_its_caller_and_nobody_else(
    loop: EventLoop, end: type[BaseException]
) -> None:
    async def raise_it() -> None:
        raise end

    with pytest.raises(end):
        loop.run(raise_it())
    assert loop.run(answer()) == 42


def test_a_task_that_exits_on_its_own_does_not_stop_the_loop(loop: EventLoop) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def spawn() -> object:
        task = asyncio.create_task(leave())
        (result,) = await asyncio.gather(task, return_exceptions=True)
        return result

    assert isinstance(loop.run(spawn()), SystemExit)
    assert loop.run(answer()) == 42


def test_closing_stops_the_thread(loop: EventLoop) -> None:
    loop.run(answer())
    thread = loop._thread
    assert thread is not None
    loop.close()
    assert not thread.is_alive()


def test_a_coroutine_that_was_left_running_is_cancelled_at_the_close() -> None:
    loop = EventLoop()
    cleaned: list[str] = []

    async def forget() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append("cleaned")

    async def start() -> asyncio.Task[None]:
        task = asyncio.create_task(forget())
        await asyncio.sleep(0)
        return task

    loop.run(start())
    loop.close()
    assert cleaned == ["cleaned"]
