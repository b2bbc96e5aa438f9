"""One act that the supervisor asks its keeper for: unlike a duty, it has no next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ERRAND_TRIES = 5
"""So often an errand is tried that fails for a reason that nobody foresaw.

While the store cannot be reached it is tried for ever: that ends by itself.
"""


@dataclass(slots=True)
class Errand:
    """What is to be done now, and what is said of it when it fails."""

    what: str
    """Begins the sentences about it, such as "Starting a worker"."""
    act: Callable[[], None]
    """Does it; it may be called again after it failed halfway."""
    otherwise: str
    """What follows once it is given up."""
    failures: int = 0

    def failed(self) -> str:
        """Count a failure that nobody foresaw, and return the sentence about it."""
        self.failures += 1
        if self.is_given_up:
            return f"{self.what} failed {self.failures} times and is given up: {self.otherwise}."
        return f"{self.what} failed; it is tried again."

    @property
    def is_given_up(self) -> bool:
        """Whether it has failed too often to be tried again."""
        return self.failures >= ERRAND_TRIES
