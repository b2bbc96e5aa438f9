"""What is open during a step run, and how its end is told to each that is open."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ergate.injection.ending import NormalEnd

logger = logging.getLogger(__name__)


class Teardown:
    """The open dependencies of one step run, and what they are to see of its end.

    The step's own exception always stands, even when a dependency swallows it; then each one
    still sees it. A dependency that fails after a success makes the step fail, and those that
    are torn down after it see that failure, so that a transaction around it is rolled back.
    """

    def __init__(self) -> None:
        self._open: list[tuple[str, Callable[[BaseException | None], object]]] = []
        self._seen: BaseException | None = None
        self._failure: BaseException | None = None

    def push(self, label: str, leave: Callable[[BaseException | None], object]) -> None:
        """Note that a dependency is open, and how it is left."""
        self._open.append((label, leave))

    def begin(self, ended_with: BaseException | None) -> None:
        """Note how the step ended, before the first dependency is left."""
        self._seen = None if isinstance(ended_with, NormalEnd) else ended_with

    def pop(
        self,
    ) -> tuple[str, Callable[[BaseException | None], object], BaseException | None] | None:
        """Return the next dependency to leave, last opened first, with what it is to see."""
        if not self._open:
            return None
        label, leave = self._open.pop()
        return label, leave, self._seen

    def failed(self, label: str, error: BaseException) -> None:
        """Take note of what a dependency raised while it was torn down."""
        if error is self._seen:
            return
        if self._seen is None:
            self._failure = error
            self._seen = None if isinstance(error, NormalEnd) else error
            return
        self._seen.add_note(
            f"Then {label} failed too, when it was torn down: {type(error).__name__}: {error}"
        )
        logger.warning(
            "%s failed when it was torn down; the step's own error stands.",
            label,
            exc_info=(type(error), error, error.__traceback__),
        )
        # Ctrl-C and cancellation are orders to the whole worker: no step's error outranks them.
        if not isinstance(error, Exception) and isinstance(self._seen, Exception):
            self._failure = self._seen = error

    def end(self) -> None:
        """Raise what the teardown made of a success, if anything."""
        if self._failure is not None:
            raise self._failure
