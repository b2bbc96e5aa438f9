"""A state store whose calls fail now and then, before or after they did what they say."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from ergate.contracts.state_store import StateStore
from ergate.errors import BackendUnavailable

WRITES = ("submit", "claim", "claim_ready", "settle", "recover", "sweep", "heartbeat", "published")


@dataclass
class Faults:
    """Which calls failed, and how; `rate` may be changed at any time."""

    rate: float
    seed: int = 0
    refused: list[str] = field(default_factory=list)
    lost_answers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = Lock()

    def choose(self, name: str) -> str:
        """Return what happens to the next call; the first answer of each method is lost."""
        with self._lock:
            if self.rate and name not in self.lost_answers:
                return "answer lost"
            if self._random.random() >= self.rate:
                return "fine"
            return self._random.choice(("refused", "answer lost"))


def make_faulty(store: StateStore, rate: float, seed: int = 0) -> Faults:
    """Let `rate` of the writing calls to `store` fail; half of those after the write was done."""
    faults = Faults(rate, seed)
    for name in WRITES:
        setattr(store, name, _faulty(name, getattr(store, name), faults))
    return faults


def _faulty(name: str, method: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        fate = faults.choose(name)
        if fate == "refused":
            faults.refused.append(name)
            raise BackendUnavailable(f"{name} was refused, as the test wants it.")
        answer = method(*args, **kwargs)
        if fate == "answer lost":
            faults.lost_answers.append(name)
            raise BackendUnavailable(f"The answer to {name} was lost, as the test wants it.")
        return answer

    return call
