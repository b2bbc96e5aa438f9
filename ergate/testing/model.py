"""Everything that can happen to one job, tried out: the real `apply` in a small model of the rest.

The model has a store (the job, and whether its ready row counts as published), an external queue,
a relay between the two, workers that receive, claim, run and settle, leases and a sweeper. Each may
act at any moment, and a bounded number of faults may come in between. `check` walks through every
world that can be reached and reports

- *violations*: an outcome that was applied twice, out of order, or by a worker that had lost its
  claim;
- *lost* worlds: those from which the job cannot reach an end any more without luck.

A `Design` with a guard taken out must be caught: that shows that the check can see.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ergate.jobs.events import Arrived, CancelAsked, Departed
from ergate.testing.protocol import Design, Hand, Protocol

SAME_TICKETS = 2
"""How many equal tickets the queue holds at most: a third one changes nothing."""


class Faults(NamedTuple):
    """How many of each fault may still come."""

    worker_kills: int = 0
    pauses: int = 0
    """A worker freezes past its lease, and may go on at any time later."""
    wipes: int = 0
    """The queue loses everything that waits in it."""
    duplicates: int = 0
    lost_publishes: int = 0
    """The queue confirms a ticket and loses it."""
    relay_kills: int = 0
    lost_answers: int = 0
    """A settlement lands, and its worker does not learn of it."""
    failures: int = 0
    cancels: int = 0
    outside: int = 0
    """Something comes from outside: the input of a waiting job, or the wish that it waits on."""
    departures: int = 0
    """A waiting job leaves for another store, and this one is also where it arrives."""


class Relay(NamedTuple):
    """What the relay does next with a ticket of `revision`: put it, or note that it is there."""

    act: str
    revision: int


class World(NamedTuple):
    """Everything that there is at one moment."""

    job: int
    """Which of the job's states, as the protocol numbers them."""
    published: bool
    relay: Relay | None
    queue: tuple[int, ...]
    """The revisions of the waiting tickets, sorted."""
    hands: tuple[Hand, ...]
    is_frozen: bool
    """Whether the worker that holds the job lives, and its lease has ended."""
    faults: Faults
    violation: str = ""


Move = tuple[str, bool, World]
"""What happened, whether it was a fault, and what the world is then."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found."""

    worlds: int
    lost: int
    violations: tuple[str, ...]
    story: tuple[str, ...] = field(default=())
    """The moves that lead to one lost world or one violation, if there is any."""

    @property
    def is_sound(self) -> bool:
        """Whether no job can be lost and nothing can be applied twice."""
        return not self.lost and not self.violations


def check(design: Design, faults: Faults) -> Report:
    """Walk through every world that `design` can reach under at most `faults`."""
    return _Walk(design, faults).report()


class _Walk:
    def __init__(self, design: Design, faults: Faults) -> None:
        self.design = design
        self.protocol = Protocol(design)
        first = self.protocol.first
        self.start = World(
            job=first,
            published=False,
            relay=None,
            # Without an outbox whoever submits a job also publishes its ticket.
            queue=() if design.has_relay else (self.protocol.record(first).revision,),
            hands=tuple(Hand(f"w{number}") for number in range(design.workers)),
            is_frozen=False,
            faults=faults,
        )

    def report(self) -> Report:
        came_from: dict[World, tuple[World, str] | None] = {self.start: None}
        before: dict[World, list[World]] = {}
        waiting = deque([self.start])
        violated: dict[str, World] = {}
        while waiting:
            world = waiting.popleft()
            problem = world.violation or self.protocol.problem_at_end(world.job)
            if problem:
                violated.setdefault(problem, world)
                continue
            for what, is_fault, after in self.moves(world):
                if not is_fault:
                    before.setdefault(after, []).append(world)
                if after not in came_from:
                    came_from[after] = (world, what)
                    waiting.append(after)
        lost = self._lost(came_from, before)
        found = [*violated.values(), *lost]
        story = _story(came_from, found[0]) if found else ()
        return Report(len(came_from), len(lost), tuple(sorted(violated)), story)

    def _lost(
        self,
        worlds: dict[World, tuple[World, str] | None],
        before: dict[World, list[World]],
    ) -> list[World]:
        """Return the worlds from which no fault-free move leads to an end."""
        fine = {w for w in worlds if w.violation or self.protocol.record(w.job).status.is_final}
        waiting = list(fine)
        while waiting:
            for world in before.get(waiting.pop(), ()):
                if world not in fine:
                    fine.add(world)
                    waiting.append(world)
        return [world for world in worlds if world not in fine]

    def moves(self, world: World) -> Iterator[Move]:
        """Yield everything that can happen next."""
        if self.protocol.record(world.job).status.is_final:
            return
        yield from self._relay_moves(world)
        yield from self._sweeper_moves(world)
        yield from self._queue_faults(world)
        for number, hand in enumerate(world.hands):
            yield from self._worker_moves(world, number, hand)
        if world.faults.cancels:
            after = self.protocol.play(world.job, CancelAsked())
            if after is not None:
                yield "cancel", True, self._at(_spent(world, "cancels"), after)
        if world.faults.outside:
            for event in self.protocol.comes_from_outside(world.job):
                after = self.protocol.play(world.job, event)
                if after is not None:
                    what = type(event).__name__.lower()
                    yield what, True, self._at(_spent(world, "outside"), after)
        yield from self._travels(world)

    def _travels(self, world: World) -> Iterator[Move]:
        gone = self.protocol.play(world.job, Departed("elsewhere"))
        if world.faults.departures and gone is not None:
            yield "departs", True, self._at(_spent(world, "departures"), gone)
        arrived = self.protocol.play(world.job, Arrived())
        if arrived is not None:
            yield "arrives", False, self._at(world, arrived)

    # --- the outbox -------------------------------------------------------------------------------

    def _relay_moves(self, world: World) -> Iterator[Move]:
        record = self.protocol.record(world.job)
        is_ready = self.protocol.is_queued(world.job)
        if self.design.has_relay and world.relay is None and is_ready and not world.published:
            first = "note" if self.design.notes_before_publishing else "put"
            yield "relay reads", False, world._replace(relay=Relay(first, record.revision))
        is_waiting = record.revision in world.queue  # then another ticket changes nothing
        if self.design.republishes and is_ready and world.published and not is_waiting:
            yield "publish again", False, world._replace(published=False)
        if world.relay is not None:
            if world.faults.relay_kills:
                yield "relay killed", True, _spent(world, "relay_kills")._replace(relay=None)
            yield from self._relay_acts(world, world.relay, record.revision)

    def _relay_acts(self, world: World, relay: Relay, revision: int) -> Iterator[Move]:
        notes_first = self.design.notes_before_publishing
        if relay.act == "put":
            then = None if notes_first else Relay("note", relay.revision)
            full = world.queue.count(relay.revision) >= SAME_TICKETS
            queue = world.queue if full else tuple(sorted((*world.queue, relay.revision)))
            yield "relay puts", False, world._replace(relay=then, queue=queue)
            if world.faults.lost_publishes:
                lost = _spent(world, "lost_publishes")._replace(relay=then)
                yield "put is confirmed and lost", True, lost
            return
        noted = self.protocol.is_queued(world.job) and (
            relay.revision == revision or not self.design.notes_with_revision
        )
        then = Relay("put", relay.revision) if notes_first else None
        yield "relay notes", False, world._replace(relay=then, published=world.published or noted)

    def _queue_faults(self, world: World) -> Iterator[Move]:
        if world.queue and world.faults.wipes:
            yield "queue wiped", True, _spent(world, "wipes")._replace(queue=())
        if world.faults.duplicates:
            for revision in set(world.queue):
                queue = tuple(sorted((*world.queue, revision)))
                yield "ticket doubled", True, _spent(world, "duplicates")._replace(queue=queue)

    # --- leases and the sweeper -------------------------------------------------------------------

    def _sweeper_moves(self, world: World) -> Iterator[Move]:
        holder = self.protocol.record(world.job).worker_id
        is_alive = holder in {hand.worker_id for hand in world.hands}
        if is_alive and world.is_frozen:
            yield "heartbeat", False, world._replace(is_frozen=False)
        elif is_alive and world.faults.pauses:
            frozen = _spent(world, "pauses")._replace(is_frozen=True)
            yield f"{holder} freezes past its lease", True, frozen
        if not self.design.sweeps:
            return
        is_orphan = world.is_frozen or not is_alive
        for event in self.protocol.sweeps(world.job, is_orphan=is_orphan):
            after = self.protocol.play(world.job, event)
            if after is not None:
                yield f"sweep: {type(event).__name__}", False, self._at(world, after)

    # --- workers ----------------------------------------------------------------------------------

    def _worker_moves(self, world: World, number: int, hand: Hand) -> Iterator[Move]:
        if world.faults.worker_kills:
            yield f"{hand.worker_id} killed", True, _killed(world, number, hand)
        if hand.act == "idle":
            yield from self._receives(world, number, hand)
        elif hand.act == "got":
            yield from self._claims(world, number, hand)
        elif hand.act == "run":
            ran = hand._replace(act="ran")
            yield f"{hand.worker_id} runs", False, _with_hand(world, number, ran)
        elif hand.act == "publish":
            queue = tuple(sorted((*world.queue, hand.revision)))
            idle = _with_hand(world, number, Hand(hand.worker_id))
            yield f"{hand.worker_id} publishes", False, idle._replace(queue=queue)
        else:
            yield from self._settles(world, number, hand)

    def _receives(self, world: World, number: int, hand: Hand) -> Iterator[Move]:
        for revision in sorted(set(world.queue)):
            rest = list(world.queue)
            rest.remove(revision)
            got = _with_hand(world, number, hand._replace(act="got", revision=revision))
            yield f"{hand.worker_id} receives", False, got._replace(queue=tuple(rest))

    def _claims(self, world: World, number: int, hand: Hand) -> Iterator[Move]:
        after = self.protocol.claim(world.job, hand)
        if after is None:
            idle = _with_hand(world, number, Hand(hand.worker_id))
            yield f"{hand.worker_id} drops a stale ticket", False, idle
            return
        record = self.protocol.record(after)
        run = hand._replace(act="run", revision=record.revision, seq=record.seq)
        claimed = _with_hand(world, number, run)
        yield f"{hand.worker_id} claims", False, self._at(claimed, after)

    def _settles(self, world: World, number: int, hand: Hand) -> Iterator[Move]:
        if world.faults.failures:
            failed = self.protocol.settle(world.job, hand, fails=True)
            if failed is not None:
                idle = _with_hand(_spent(world, "failures"), number, Hand(hand.worker_id))
                yield f"{hand.worker_id} fails", True, self._at(idle, failed)
        idle = _with_hand(world, number, Hand(hand.worker_id))
        after = self.protocol.settle(world.job, hand)
        if after is None:
            yield f"{hand.worker_id} is refused", False, idle
            return
        violation = self.protocol.violation(world.job, hand)
        settled = self._at(idle, after)._replace(violation=violation)
        if not self.design.has_relay and self.protocol.is_queued(after):
            next_ticket = Hand(hand.worker_id, "publish", self.protocol.record(after).revision)
            settled = _with_hand(settled, number, next_ticket)
        yield f"{hand.worker_id} settles", False, settled
        if world.faults.lost_answers:
            unaware = _with_hand(_spent(settled, "lost_answers"), number, hand)
            yield f"{hand.worker_id} settles, and its answer is lost", True, unaware

    def _at(self, world: World, job: int) -> World:
        """Return the world with the job at another state; a new ready row is unpublished."""
        revision = self.protocol.record(job).revision
        if revision == self.protocol.record(world.job).revision:
            return world._replace(job=job)
        # Outdated tickets are all alike: one of them stands for many.
        current = [ticket for ticket in world.queue if ticket >= revision]
        queue = (*world.queue[: len(world.queue) > len(current)], *current)
        return world._replace(job=job, published=False, is_frozen=False, queue=queue)


def _spent(world: World, fault: str) -> World:
    left = getattr(world.faults, fault) - 1
    return world._replace(faults=world.faults._replace(**{fault: left}))


def _with_hand(world: World, number: int, hand: Hand) -> World:
    hands = (*world.hands[:number], hand, *world.hands[number + 1 :])
    return world._replace(hands=hands)


def _killed(world: World, number: int, hand: Hand) -> World:
    """Return the world after a kill: an unacknowledged ticket is back, the successor is new."""
    queue = tuple(sorted((*world.queue, hand.revision))) if hand.act == "got" else world.queue
    successor = Hand(hand.worker_id + "'")
    return _with_hand(_spent(world, "worker_kills"), number, successor)._replace(queue=queue)


def _story(came_from: dict[World, tuple[World, str] | None], world: World) -> tuple[str, ...]:
    story: list[str] = []
    step = came_from[world]
    while step is not None:
        world, what = step
        story.append(what)
        step = came_from[world]
    return tuple(reversed(story))
