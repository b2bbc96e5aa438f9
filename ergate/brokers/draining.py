"""Empties an external queue into the store behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ergate.brokers.adoption import Incoming
from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Queue
from ergate.contracts.state_store import StateStore
from ergate.failpoints import failpoint

BATCH = 500
WAIT_S = 1.0
EMPTY_ANSWERS = 2
"""A queue that cannot tell its depth is taken for empty after so many answers without a message."""
PATIENCE = 15
"""So many for one that says it is not empty: its server may still divide it among receivers."""


@dataclass(slots=True)
class Drained:
    """What a queue gave, and what it did not."""

    taken: int = 0
    """Jobs and dead letters that waited in the queue only."""
    left: int = 0
    """Messages that the queue has and hands out to nobody, or to others."""


def drain(
    queue: Queue,
    store: StateStore,
    names: Sequence[str],
    incoming_of: Callable[[Sequence[Delivery]], Incoming],
) -> Drained:
    """Take every message out of `names`: jobs from elsewhere are stored, what is unclear is buried.

    `incoming_of` says which is which. Tickets are dropped: what they say is in the store, and a
    sweep finds it there.
    Raises `BackendUnavailable`; what was in hand comes again then, which does no harm.
    """
    drained, silent = Drained(), 0
    while silent < EMPTY_ANSWERS or (silent < PATIENCE and _depth(queue, names)):
        deliveries = queue.receive(names, BATCH, WAIT_S)
        silent = 0 if deliveries else silent + 1
        if not deliveries:
            if _knows_depth(queue) and not _depth(queue, names):
                break
            continue
        incoming = incoming_of(deliveries)
        if incoming.letters:
            store.bury(incoming.letters)
        if incoming.adopted:
            store.submit(incoming.adopted, if_absent=True)
        failpoint("after_drain")
        queue.acknowledge(deliveries)
        drained.taken += len(incoming.letters) + len(incoming.adopted)
    drained.left = _depth(queue, names)
    return drained


def _knows_depth(queue: Queue) -> bool:
    return Capability.DEPTH in queue.capabilities


def _depth(queue: Queue, names: Sequence[str]) -> int:
    return sum(map(queue.depth, names)) if _knows_depth(queue) else 0
