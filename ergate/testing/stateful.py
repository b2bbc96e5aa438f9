"""Drives a real state store and the reference side by side, and compares them after each act.

Machine = state_machine_for(lambda clock: MyStore(clock))
TestMyStore = Machine.TestCase
"""

from __future__ import annotations

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings

from ergate.contracts.state_store import StateStore
from ergate.testing.clock import FakeClock
from ergate.testing.stories.accepting import Accepting
from ergate.testing.stories.defining import Defining
from ergate.testing.stories.feeding import Feeding
from ergate.testing.stories.invariants import Invariants
from ergate.testing.stories.lives import Lives
from ergate.testing.stories.moving import Moving
from ergate.testing.stories.orders import Orders
from ergate.testing.stories.outbox import Outbox
from ergate.testing.stories.settling import Settling

MakeStore = Callable[[FakeClock], StateStore]

EXAMPLES_VARIABLE = "ERGATE_TEST_EXAMPLES"
"""The environment variable that says how many random stories are told (default: 50)."""

STEPS = 40


def state_machine_for(make_store: MakeStore, *, examples: int | None = None) -> type[StoreMachine]:
    """Return a hypothesis state machine for the stores that `make_store` opens.

    `make_store` gets the clock to use, and returns a fresh, migrated store; it is closed after
    each story. `examples` is how many stories are told; the default comes from the environment
    variable ERGATE_TEST_EXAMPLES. The result's `TestCase` is what pytest collects.
    """

    class Machine(StoreMachine):
        def open_store(self, clock: FakeClock) -> StateStore:
            return make_store(clock)

    Machine.TestCase.settings = settings(
        max_examples=examples or int(os.environ.get(EXAMPLES_VARIABLE, "50")),
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    return Machine


class StoreMachine(
    Accepting, Settling, Outbox, Lives, Orders, Moving, Feeding, Defining, Invariants
):
    """All that can happen to a few jobs, in any order."""
