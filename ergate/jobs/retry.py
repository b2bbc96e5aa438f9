"""When a step that failed may try again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ergate.errors import InvalidDefinitionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often, how soon and after which exceptions a step is tried again.

    `attempts` counts every run of the step, the first included; 1 never retries.
    The pause before attempt n + 1 is `initial_s * factor ** (n - 1)`, at most `max_s`, then
    changed at random by up to `jitter` (0.1 = ±10 %) so that a crowd of failures spreads out.
    With the defaults and three attempts: about 1 s and 2 s.

    Only exceptions that are instances of `on` and not of `never` are tried again; a time-out
    counts as `ergate.errors.StepTimeout`.
    Raises `InvalidDefinitionError` for a number out of range.
    """

    attempts: int = 3
    initial_s: float = 1.0
    factor: float = 2.0
    max_s: float = 300.0
    jitter: float = 0.1
    on: tuple[type[BaseException], ...] = (Exception,)
    never: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        for name, value, low in (
            ("attempts", self.attempts, 1),
            ("initial_s", self.initial_s, 0),
            ("factor", self.factor, 1),
            ("max_s", self.max_s, 0),
            ("jitter", self.jitter, 0),
        ):
            if not value >= low:
                raise InvalidDefinitionError(
                    f"Retry({name}={value!r}) cannot work: {name} must be at least {low}."
                )
        if self.jitter > 1:
            raise InvalidDefinitionError(
                f"Retry(jitter={self.jitter!r}) cannot work: jitter is a share between 0 and 1."
            )

    def pause_s(self, attempt: int, error: BaseException) -> float | None:
        """Return the seconds to wait after attempt number `attempt` (from 1) failed with `error`.

        `None` means that the step may not try again.
        """
        if (
            attempt >= self.attempts
            or isinstance(error, self.never)
            or not isinstance(error, self.on)
        ):
            return None
        return self._jittered(backoff_s(attempt, self.initial_s, self.factor, self.max_s))

    def _jittered(self, pause_s: float) -> float:
        return pause_s * random.uniform(1 - self.jitter, 1 + self.jitter)


def backoff_s(attempt: int, initial_s: float, factor: float, max_s: float) -> float:
    """Return `initial_s * factor ** (attempt - 1)`, at most `max_s`; never overflows."""
    try:
        return min(max_s, initial_s * factor ** (attempt - 1))
    except OverflowError:
        return max_s


NO_RETRY = Retry(attempts=1)
