"""What Ergate's own tests are made of, for the tests of apps and of backends.

Each name is imported when it is first used, because some need pytest or hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ergate.testing.clock import FakeClock
    from ergate.testing.conformance.journal import JournalSuite
    from ergate.testing.conformance.queue import QueueSuite
    from ergate.testing.conformance.state_store import StateStoreSuite
    from ergate.testing.harness import Harness, run_workflow
    from ergate.testing.queues import FaultyQueue
    from ergate.testing.stateful import state_machine_for

__all__ = [
    "FakeClock",
    "FaultyQueue",
    "Harness",
    "JournalSuite",
    "QueueSuite",
    "StateStoreSuite",
    "run_workflow",
    "state_machine_for",
]

_HOMES = {
    "FakeClock": "clock",
    "FaultyQueue": "queues",
    "Harness": "harness",
    "JournalSuite": "conformance.journal",
    "QueueSuite": "conformance.queue",
    "StateStoreSuite": "conformance.state_store",
    "run_workflow": "harness",
    "state_machine_for": "stateful",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
