"""Queue and state store tied together: the only thing that a worker talks to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from ergate.contracts.capabilities import Level
from ergate.contracts.state_store import Settled, StateStore, StepTransaction, Swept
from ergate.jobs.events import RecoveryPolicy, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket

FULL_PROMISE = "no accepted job is lost; each step's outcome is applied exactly once"
DIRECT_PROMISE = "steps run at least once; a redelivery can repeat an outcome"


@dataclass(frozen=True, slots=True)
class Labels:
    """How the two halves are shown to people; secrets are masked."""

    queue: str
    state_store: str


class Broker(ABC):
    """A queue and a full state store, with the full promise.

    Thread-safe. Raises what the two halves raise, above all `BackendUnavailable`.
    """

    kind: ClassVar[Literal["native", "relayed", "direct"]]
    promise = FULL_PROMISE

    def __init__(self, store: StateStore, labels: Labels) -> None:
        self.store = store
        self.labels = labels
        self._users = 1

    @property
    def level(self) -> Level:
        """What accepted jobs survive."""
        return self.store.level

    @abstractmethod
    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> None:
        """Accept jobs: when it returns they are stored and will run."""

    def submit_within(
        self, connection: object, jobs: Sequence[JobRecord], *, if_absent: bool = False
    ) -> None:
        """Accept jobs in the caller's transaction: see `StateStore.submit_within`.

        Nothing travels before the commit: with an external queue a sweep publishes the tickets.
        """
        self.store.submit_within(connection, jobs, if_absent=if_absent)

    @abstractmethod
    def claim(
        self, queues: Sequence[str], limit: int, timeout_s: float, worker_id: str
    ) -> Sequence[JobRecord]:
        """Claim up to `limit` jobs; block up to `timeout_s` for the first.

        The answer is either exactly one job that must run `alone`, or jobs of which none must.
        """

    def attend(self, queues: Sequence[str]) -> None:  # noqa: B027  most queues wait at the server
        """Take in, while nothing can be claimed, what only this receiver can get at."""

    def has_messages(self, queues: Sequence[str]) -> bool:
        """Return whether an external queue holds what the state store may not know of yet."""
        return False

    @abstractmethod
    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        """Write outcomes and make the next steps runnable."""

    @contextmanager
    def transaction(self) -> Iterator[StepTransaction]:
        """Lend a transaction of the store to a step: see `StateStore.transaction`."""
        with self.store.transaction() as transaction:
            yield transaction

    def settled(self, settled: Settled) -> None:  # noqa: B027
        """Tell those who wait of what a committed transaction made ready."""

    @abstractmethod
    def sweep(
        self, policy: RecoveryPolicy, queues: Sequence[str], dead_workers: Sequence[str] = ()
    ) -> Swept:
        """Put back what a dead worker, a lost message or a due time left: one bounded pass."""

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        """Free at once all jobs of a worker that is known to be dead: see `StateStore.recover`."""
        return self.store.recover(worker_id, started, blame=blame, reason=reason, policy=policy)

    def claim_again(self, ticket: Ticket, worker_id: str) -> Sequence[JobRecord]:
        """Claim one job that this worker gave back a moment ago, if nobody else was faster."""
        return self.store.claim([ticket], worker_id)

    def wake(self) -> None:
        """Make a `claim` that blocks in another thread return soon."""
        self.store.wake()

    def share(self) -> Self:
        """Return this broker for one more user; only the last `close` lets go of anything."""
        self._users += 1
        return self

    def close(self) -> None:
        """Let go of every connection, unless somebody shares them."""
        self._users -= 1
        if self._users == 0:
            self._disconnect()

    def _disconnect(self) -> None:
        self.store.close()
