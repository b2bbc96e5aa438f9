"""The wish that a worker stops, from a signal or from another thread."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stopping:
    """First asked: end gracefully. Asked again: leave now.

    A signal handler only takes note here; the loop looks at it every fraction of a second.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.is_urgent = False

    @property
    def is_asked(self) -> bool:
        """Whether the worker is to stop."""
        return self.reason is not None

    def ask(self, reason: str) -> None:
        """Ask for a graceful stop; a second time, for leaving at once."""
        if self.reason is None:
            self.reason = reason
        else:
            self.is_urgent = True


Handler = Callable[[int, FrameType | None], None]


@contextmanager
def handled(handlers: dict[signal.Signals, Handler | signal.Handlers]) -> Iterator[None]:
    """Handle signals while the block runs, and restore what was there before.

    Does nothing in a thread other than the main one, where Python forbids handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
