"""The same for PgQueuer: functions that do nothing, each of which hands in the next of its chain.

`python -m benchmarks.pgqueuer_workload enqueue URL JOBS STEPS` or `… work URL COUNT_FILE`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
from pgqueuer import AsyncpgPoolDriver, Job, PgQueuer, Queries

LOOK_S = 0.05
BATCH = 100
"""Ten times the default, at which PgQueuer is quicker."""
NEXT = {"first": "second", "second": "third"}


async def enqueue(url: str, jobs: int, steps: int) -> float:
    """Make the tables and hand in jobs one by one; return how many per second."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        queries = Queries(AsyncpgPoolDriver(pool))
        with suppress(asyncpg.PostgresError):
            await queries.uninstall()
        await queries.install()
        start = time.perf_counter()
        for number in range(jobs):
            await queries.enqueue("only" if steps == 1 else "first", b"%d" % number)
        return jobs / (time.perf_counter() - start)


async def work(url: str, count_file: Path) -> None:
    """Run until killed, and write down every few moments how many steps have run."""
    ran = 0

    async def tell() -> None:
        while True:
            count_file.write_text(str(ran))  # noqa: ASYNC240  a few bytes, twenty times a second
            await asyncio.sleep(LOOK_S)

    async with asyncpg.create_pool(url, min_size=2, max_size=8) as pool:
        queuer = PgQueuer(AsyncpgPoolDriver(pool))

        async def step(job: Job) -> None:
            nonlocal ran
            ran += 1
            following = NEXT.get(job.entrypoint)
            if following is not None:
                await queuer.qm.queries.enqueue(following, job.payload)

        for name in ("only", "first", "second", "third"):
            queuer.entrypoint(name)(step)
        telling = asyncio.create_task(tell())
        await queuer.run(batch_size=BATCH)
        telling.cancel()


if __name__ == "__main__":
    if sys.argv[1] == "enqueue":
        print(asyncio.run(enqueue(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        asyncio.run(work(sys.argv[2], Path(sys.argv[3])))
