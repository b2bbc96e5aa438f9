"""The same for SAQ: functions that do nothing, each of which hands in the next of its chain.

`python -m benchmarks.saq_workload enqueue JOBS STEPS` or `… work COUNT_FILE`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from saq import Queue, Worker

LOOK_S = 0.05
CONCURRENCY = 10


async def only(_context: dict[str, Any], *, value: int) -> int:
    """Return the input."""
    return value


async def first(context: dict[str, Any], *, value: int) -> int:
    """Return the input, and hand in the second step."""
    await context["worker"].queue.enqueue("second", value=value)
    return value


async def second(context: dict[str, Any], *, value: int) -> int:
    """Return the input, and hand in the third step."""
    await context["worker"].queue.enqueue("third", value=value)
    return value


async def third(_context: dict[str, Any], *, value: int) -> int:
    """Return the input."""
    return value


async def enqueue(url: str, jobs: int, steps: int) -> float:
    """Hand in jobs one by one; return how many per second."""
    queue = Queue.from_url(url)
    await queue.connect()
    start = time.perf_counter()
    for number in range(jobs):
        await queue.enqueue("only" if steps == 1 else "first", value=number)
    return jobs / (time.perf_counter() - start)


async def work(url: str, count_file: Path) -> None:
    """Run until killed, and write down every few moments how many steps have ended."""
    ended = 0

    async def count(_context: dict[str, Any]) -> None:
        nonlocal ended
        ended += 1

    async def tell() -> None:
        while True:
            count_file.write_text(str(ended))  # noqa: ASYNC240  a few bytes, twenty times a second
            await asyncio.sleep(LOOK_S)

    queue = Queue.from_url(url)
    await queue.connect()
    telling = asyncio.create_task(tell())
    functions = [only, first, second, third]
    worker: Any = Worker(queue, functions, concurrency=CONCURRENCY, after_process=count)
    await worker.start()
    telling.cancel()


if __name__ == "__main__":
    if sys.argv[1] == "enqueue":
        print(asyncio.run(enqueue(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        asyncio.run(work(sys.argv[2], Path(sys.argv[3])))
