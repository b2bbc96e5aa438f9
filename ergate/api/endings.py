"""Whoever waits for the end of an event: one task looks at the jobs of all who wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence

from ergate.api.desk import Desk
from ergate.api.problems import Refused
from ergate.errors import ErgateError
from ergate.jobs.record import JobRecord

FIRST_S = 0.005
"""The pause after which a new event is looked at; each further one is longer."""
LONGEST_S = 0.1
_GROWTH = 1.3


class Endings:
    """Waits for ends of jobs, however many, with one read of the store at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: dict[str, list[asyncio.Future[JobRecord]]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._pause_s = FIRST_S
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting_count(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    async def wait(self, job: JobRecord, limit_s: float) -> JobRecord:
        """Return a job as it ended, or as it is known when time is up or the server stops.

        A store that cannot be read meanwhile is no error: the job is in it, and can be asked for.
        """
        if job.status.is_final or limit_s <= 0 or self._stopping.is_set():
            return job
        self._loop = asyncio.get_running_loop()
        ended: asyncio.Future[JobRecord] = self._loop.create_future()
        self._waiting.setdefault(job.id, []).append(ended)
        self._pause_s = FIRST_S
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            return await asyncio.wait_for(ended, limit_s)
        except TimeoutError:
            return job
        finally:
            self._leave(job.id, ended)

    def stop_soon(self) -> None:
        """Let nobody wait any longer; may be called by a signal handler."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    def _leave(self, job_id: str, ended: asyncio.Future[JobRecord]) -> None:
        waiting = self._waiting.get(job_id, [])
        if ended in waiting:
            waiting.remove(ended)
        if not waiting:
            self._waiting.pop(job_id, None)

    async def _look(self) -> None:
        try:
            while self._waiting:
                await self._pause()
                self._tell(await self._jobs(list(self._waiting)), stopping=self._stopping.is_set())
        finally:
            self._looking = None

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), self._pause_s)
        except TimeoutError:
            self._pause_s = min(LONGEST_S, self._pause_s * _GROWTH)

    async def _jobs(self, ids: Sequence[str]) -> Collection[JobRecord]:
        asked = time.monotonic()
        try:
            found = await self._desk.ask(self._desk.place.broker.store.get_many, ids)
            return found.values()
        except (ErgateError, Refused):
            self._pause_s = LONGEST_S
            return []
        finally:
            # A store that must search long is spared.
            self._pause_s = max(self._pause_s, time.monotonic() - asked)

    def _tell(self, jobs: Collection[JobRecord], *, stopping: bool) -> None:
        for job in jobs:
            if job.status.is_final or stopping:
                for ended in self._waiting.pop(job.id, []):
                    if not ended.done():
                        ended.set_result(job)
