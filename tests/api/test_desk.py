"""The blocking store is asked in few threads, and never waited for without end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ergate.api.bounds import Bounds
from ergate.api.desk import Desk, Place
from ergate.api.problems import Refused


def test_a_store_that_hangs_is_left_alone_and_the_next_caller_is_told(place: Place) -> None:
    release = threading.Event()

    async def ask() -> int:
        desk = Desk(place, Bounds(threads=1, waiting=1, answer_s=0.05))
        before = threading.active_count()
        for _ in range(5):
            with pytest.raises(Refused, match="did not answer within"):
                await desk.ask(release.wait)
        more = threading.active_count() - before
        release.set()
        desk.close()
        return more

    assert asyncio.run(ask()) == 1


def test_more_callers_than_may_wait_are_turned_away(place: Place) -> None:
    release = threading.Event()

    async def ask() -> list[object]:
        desk = Desk(place, Bounds(threads=1, waiting=1, answer_s=20.0))
        first = [asyncio.create_task(desk.ask(release.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="Too many"):
            await desk.ask(release.wait)
        release.set()
        return list(await asyncio.gather(*first))

    assert asyncio.run(ask()) == [True, True]
