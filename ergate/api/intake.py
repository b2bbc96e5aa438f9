"""Events on their way into the store: those that come while one batch is written go together."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ergate.api.accepting import Accepted, NewEvent, accept
from ergate.api.desk import Desk
from ergate.api.problems import Refused
from ergate.client import BATCH
from ergate.jobs.record import JobRecord


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: NewEvent
    answer: asyncio.Future[JobRecord]


class Intake:
    """Takes in events. One batch at a time is on the wire, and the next one collects meanwhile.

    No timer makes anybody wait: an event that comes alone goes alone. Each caller is answered
    when its own job is stored, and one that does not fit harms no other.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._sending: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "ergate-intake")

    async def accept(self, event: NewEvent) -> JobRecord:
        """Store an event and return its job.

        Raises `Refused`: 404 and 422 for an event that does not fit, 503 when too many wait or
        when the store does not answer in time; and what the store raises.
        """
        limit_s = self.desk.bounds.answer_s
        answer = self._enter(event)
        try:
            return await asyncio.wait_for(answer, limit_s)
        except TimeoutError:
            raise Refused(
                503,
                f"The state store did not take the event within {limit_s:g} s. It may have been "
                "taken all the same: with an Idempotency-Key it can be sent again without harm.",
            ) from None

    def _enter(self, event: NewEvent) -> asyncio.Future[JobRecord]:
        bounds = self.desk.bounds
        if len(self._waiting) >= bounds.events or self._bytes + event.size > bounds.event_bytes:
            raise Refused(503, "Too many events wait for the state store.")
        waiting = _Waiting(event, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._bytes += event.size
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        return waiting.answer

    async def _send(self) -> None:
        """Write batch after batch until nothing waits."""
        try:
            while self._waiting:
                await self._send_batch(self._next_batch())
        finally:
            self._sending = None

    async def _send_batch(self, batch: list[_Waiting]) -> None:
        events = [waiting.event for waiting in batch]
        answers: list[Accepted]
        if not events:
            return
        try:
            answers = await asyncio.get_running_loop().run_in_executor(
                self._thread, accept, self.desk.place, events
            )
        except Exception as exc:  # noqa: BLE001  # each caller is told, and the loop goes on
            answers = [exc] * len(batch)
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.answer.done():
                continue  # its caller waits no longer
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        self._bytes -= sum(waiting.event.size for waiting in batch)
        # Nothing needs to be stored for those who were told that it took too long.
        return [waiting for waiting in batch if not waiting.answer.done()]

    def close(self) -> None:
        """Let the thread end; what it has not begun is dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)
