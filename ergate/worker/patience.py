"""To try again while a server is away, and to say so once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ergate.errors import BackendUnavailable
from ergate.worker.events import Trouble, WorkerTick
from ergate.worker.settler import PAUSE_FIRST_S, PAUSE_MAX_S, Report
from ergate.worker.stopping import Stopping

T = TypeVar("T")

LAST_TRIES_S = 10.0
"""So long after a stop was asked for it is still tried."""
TICK_S = 1.0


class Patience:
    """Repeats a call until it is answered, with growing pauses."""

    def __init__(self, worker_id: str, report: Report, stopping: Stopping) -> None:
        self._worker_id = worker_id
        self._report = report
        self._stopping = stopping
        self._is_down = False

    def until_answered(self, call: Callable[[], T]) -> T:
        """Return what the call returns.

        Raises `BackendUnavailable` when a stop was asked for and the server stays away, and at
        once whatever else the call raises.
        """
        pause_s, give_up_at = PAUSE_FIRST_S, None
        while True:
            try:
                answer = call()
            except BackendUnavailable as exc:
                self._tell(exc)
                if self._stopping.is_asked:
                    give_up_at = give_up_at or time.monotonic() + LAST_TRIES_S
                    if time.monotonic() >= give_up_at:
                        raise
                time.sleep(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(PAUSE_MAX_S, pause_s * 2)
            else:
                self._tell_end()
                return answer

    def _tell(self, exc: BackendUnavailable) -> None:
        if not self._is_down:
            what = f"The server is away, trying again until it is back: {exc}"
            self._report(Trouble(what=what, worker_id=self._worker_id))
        self._is_down = True

    def _tell_end(self) -> None:
        if self._is_down:
            what = "The server is back, and work goes on."
            self._report(Trouble(what=what, worker_id=self._worker_id, is_over=True))
        self._is_down = False


class Ticker:
    """Gives a sign of life about once a second, also while a step or a `get_one` blocks."""

    def __init__(self, worker_id: str, report: Report) -> None:
        self._worker_id = worker_id
        self._report = report
        self._ended = threading.Event()
        self.in_hand = 0

    def start(self) -> None:
        """Begin; the thread ends with `stop`, or with the process."""
        threading.Thread(target=self._tick, name="ticker", daemon=True).start()

    def stop(self) -> None:
        """End soon."""
        self._ended.set()

    def _tick(self) -> None:
        while not self._ended.wait(TICK_S):
            self._report(WorkerTick(worker_id=self._worker_id, in_hand=self.in_hand))
