"""Takes all that waits from one backend to another, and goes on where it was interrupted.

For each batch there are three durable acts, and a death between any two of them is harmless:

1. the source lets jobs go: they are PENDING there, and nobody can claim them;
2. the target takes them in, each once, however often it is asked;
3. the source forgets those that it still has as they were let go.

What is PENDING at the source is what was interrupted, and is dealt with first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ergate.brokers.adoption import Incoming, sort_deliveries
from ergate.brokers.broker import Broker
from ergate.brokers.draining import drain
from ergate.brokers.known import check_of
from ergate.brokers.relayed import RelayedBroker
from ergate.contracts.capabilities import Capability
from ergate.contracts.moving import Traveller
from ergate.contracts.queue import Delivery
from ergate.contracts.state_store import JobFilter, Settled
from ergate.errors import Unsupported, UsageError
from ergate.failpoints import failpoint
from ergate.jobs.codec import Limits
from ergate.jobs.events import RecoveryPolicy
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.workflows.registry import Registry

FIRST_BATCH = 50
BATCH = 500
BATCH_BYTES = 8 * 1024 * 1024
"""About how much a batch may hold: the next one is smaller when this one was larger."""
LETTERS = 100
ROUNDS = 10
"""How often to look again for what came while jobs moved; others may hand in more for ever."""
PASSES = 1000

Advance = Callable[[int], None]


@dataclass(slots=True)
class Moved:
    """What one run has moved, and what it left."""

    ready: int = 0
    scheduled: int = 0
    """Those that wait for a time which somebody asked for."""
    retries: int = 0
    """Those that wait because their step failed."""
    dead_letters: int = 0
    resumed: int = 0
    """How many of these jobs an earlier run had left on their way."""
    kept_out: list[str] = field(default_factory=list)
    """Jobs that stay because the target has other ones under their ids."""
    running: int = 0
    """Jobs that a worker of the source holds."""
    waiting: int = 0
    """Jobs that came to the source, or were set free there, too late."""
    messages: int = 0
    """Messages that the source's queue did not hand out."""

    @property
    def jobs(self) -> int:
        """How many jobs have moved."""
        return self.ready + self.scheduled + self.retries


@dataclass(slots=True, kw_only=True)
class Mover:
    """Moves what waits at `source` to `target`.

    `queues` are names to drain at the source's external queue beside those that its store knows.
    With `elsewhere` also jobs go along that are on their way to a third place. `advance` is told
    of each batch.
    """

    source: Broker
    target: Broker
    queues: Sequence[str] = ("default",)
    limits: Limits = field(default_factory=Limits)
    registry: Registry | None = None
    policy: RecoveryPolicy = field(default_factory=RecoveryPolicy)
    elsewhere: bool = False
    advance: Advance = lambda _: None
    moved: Moved = field(default_factory=Moved)
    _stay: list[Traveller] = field(default_factory=list)
    _batch: int = FIRST_BATCH
    _are_apart: bool = False

    def check(self) -> None:
        """Raise `Unsupported` for a store that cannot take part, before anything is done."""
        for broker in (self.source, self.target):
            if Capability.MOVE not in broker.store.capabilities:
                raise Unsupported(
                    f"{broker.labels.state_store} keeps no jobs that can move: it does not "
                    "declare MOVE. Let its jobs end where they are. See `ergate backends list`."
                )

    def left(self) -> int:
        """Return how many jobs and dead letters are to be moved, as far as it is known now."""
        store = self.source.store
        waiting = sum(stats.ready + stats.scheduled for stats in store.queues())
        pending = store.count(JobFilter(status=JobStatus.PENDING)).get(JobStatus.PENDING, 0)
        return waiting + pending + len(store.dead_letters(LETTERS))

    def run(self) -> Moved:
        """Move everything that waits. Raises what the backends raise; run it again to go on.

        Raises `UsageError` when both are the same place, or when jobs are on their way to
        another one; nothing has changed then.
        """
        self.check()
        self._resume()
        self._sweep()
        for _ in range(ROUNDS):
            self._move_jobs()
            self._move_letters()
            if not self._drain():
                break
        self._put_back()
        stats = self.source.store.queues()
        self.moved.running = sum(one.running for one in stats)
        self.moved.waiting = sum(one.ready + one.scheduled for one in stats)
        self.moved.waiting -= len(self.moved.kept_out)
        return self.moved

    def _sweep(self) -> None:
        """Let what dead workers held wait again: each pass is bounded."""
        passes = iter(range(PASSES))
        while self.source.store.sweep(self.policy) and next(passes, None) is not None:
            pass

    # --- jobs -------------------------------------------------------------------------------------

    @property
    def _destination(self) -> str:
        return self.target.labels.state_store

    def _resume(self) -> None:
        while batch := self.source.store.departed(self._batch, offset=len(self._stay)):
            self._check_destination(batch)
            self._carry(batch)
            self.moved.resumed += len(batch)
        self.moved.resumed -= len(self._stay)

    def _check_destination(self, batch: Sequence[Traveller]) -> None:
        others = {one.destination for one in batch} - {self._destination}
        if others and not self.elsewhere:
            raise UsageError(
                f"Jobs of {self.source.labels.state_store} are on their way to "
                f"{' and '.join(sorted(map(str, others)))}: an earlier move was interrupted. Some "
                "may have arrived there, so finish that move first, with the same --to. Only if "
                "it is the same place under another name, or if nothing of it will ever run, "
                "say --elsewhere to take them along."
            )

    def _move_jobs(self) -> None:
        while batch := self.source.store.depart(self._batch, self._destination):
            failpoint("after_depart")
            self._carry(batch)

    def _carry(self, batch: Sequence[Traveller]) -> None:
        """Let the target take in what has departed, and the source forget it."""
        self._refuse_same_place(batch)
        admitted = self.target.store.admit(batch)
        failpoint("after_admit")
        self.target.settled(Settled(ready=admitted.ready))
        kept_out = set(admitted.kept_out)
        arrived = [one for one in batch if one.job.id not in kept_out]
        self.source.store.dismiss({one.job.id: one.job.revision for one in arrived})
        failpoint("after_dismiss")
        self._stay += [one for one in batch if one.job.id in kept_out]
        for one in arrived:
            self._count(one.job)
        self._adapt(batch)
        self.advance(len(arrived))

    def _refuse_same_place(self, batch: Sequence[Traveller]) -> None:
        """Raise `UsageError` when the target is the source under another name."""
        if self._are_apart:
            return
        first = batch[0].job
        if self.target.store.get(first.id) == self.source.store.get(first.id):
            self.source.store.admit(batch)
            raise UsageError(
                f"{self.source.labels.state_store} and {self._destination} are the same place: "
                "its jobs are there already. To give them another queue only, start the workers "
                "with the new --queue and the same --state."
            )
        self._are_apart = True

    def _count(self, job: JobRecord) -> None:
        if job.due_at is None:
            self.moved.ready += 1
        elif job.attempt:
            self.moved.retries += 1
        else:
            self.moved.scheduled += 1

    def _adapt(self, batch: Sequence[Traveller]) -> None:
        """Make the next batch as large as the memory of everybody can take."""
        size = max(1, sum(map(_size, batch)))
        fitting = len(batch) * BATCH_BYTES // size
        self._batch = max(1, min(BATCH, 2 * self._batch, fitting))

    def _put_back(self) -> None:
        """Let those wait at the source again that the target has kept out."""
        if self._stay:
            admitted = self.source.store.admit(self._stay)
            self.source.settled(Settled(ready=admitted.ready))
            self.moved.kept_out = [one.job.id for one in self._stay]

    # --- dead letters and messages ----------------------------------------------------------------

    def _move_letters(self) -> None:
        while letters := self.source.store.dead_letters(LETTERS):
            self.target.store.bury([*reversed(letters)])
            failpoint("after_bury")
            for letter in letters:
                self.source.store.exhume(letter.id)
            self.moved.dead_letters += len(letters)
            self.advance(len(letters))

    def _drain(self) -> bool:
        """Take what waits only in the source's queue into its store; return whether any did."""
        if not isinstance(self.source, RelayedBroker):
            return False
        names = [stats.queue for stats in self.source.store.queues()]
        names = list(dict.fromkeys([*names, *self.queues]))
        drained = drain(self.source.queue, self.source.store, names, self._incoming)
        self.moved.messages = drained.left
        return drained.taken > 0

    def _incoming(self, deliveries: Sequence[Delivery]) -> Incoming:
        """Sort messages; one whose job has moved already is no new job.

        It comes once more when an earlier run died after it had stored the job, and before it
        acknowledged the message.
        """
        found = sort_deliveries(deliveries, self.limits, check_of(self.registry, self.source.store))
        adopted = [job for job in found.adopted if self.target.store.get(job.id) is None]
        return replace(found, adopted=adopted)


def _size(one: Traveller) -> int:
    job = one.job
    values = (job.initial_input_value, job.last_return_value, job.user_context, job.extra)
    results = sum(len(row.result or "") + len(row.detail or "") for row in one.history)
    return sum(map(len, values)) + len(job.error or "") + results
