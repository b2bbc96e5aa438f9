"""What a full state store promises: the truth about every job."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import ClassVar

from ergate.contracts.activity import Measurable
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.definitions import Definable
from ergate.contracts.feed import Feedable
from ergate.contracts.moving import Movable
from ergate.contracts.queue import unsupported
from ergate.errors import CorruptRecord
from ergate.jobs.events import (
    Delivered,
    Postponed,
    RecoveryPolicy,
    RestartAsked,
    Settlement,
)
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """One worker process; `worker_id` is new at every start."""

    worker_id: str
    host: str
    """Names the machine, its boot and the process namespace: within it `pid` is meaningful."""
    pid: int
    started_at: float
    """When the process started, in seconds since 1970 by the machine's clock."""
    queues: tuple[str, ...] = ()
    concurrency: int = 1
    expires_at: float = 0.0
    """When its lease ends, on the store's clock; set by the store."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a batch of settlements."""

    refused: Sequence[Settlement] = ()
    """Those that came too late: the job had moved on. Their results are dropped."""
    ready: Sequence[Ticket] = ()
    """The jobs that became runnable."""
    statuses: Mapping[str, JobStatus] = field(default_factory=dict)
    """The status by job id where it is not what the outcome says: CANCELLED instead of QUEUED."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one pass of sweeping put back."""

    due: int = 0
    recovered: int = 0
    failed: int = 0
    """Jobs of dead workers that had no delivery left."""
    dead_workers: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.due or self.recovered or self.failed or self.dead_workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list, count or prune; None does not limit."""

    status: JobStatus | None = None
    workflow: str | None = None
    queue: str | None = None
    since: float | None = None
    """Created at or after this time."""
    finished_before: float | None = None

    def matches(self, job: JobRecord) -> bool:
        """Return whether `job` is one of those, as people see its status."""
        return (
            self.status in (None, job.shown_status)
            and self.workflow in (None, job.workflow_name)
            and self.queue in (None, job.queue)
            and (self.since is None or job.created_at >= self.since)
            and (self.finished_before is None or self._is_older(job.finished_at))
        )

    def _is_older(self, finished_at: float | None) -> bool:
        return finished_at is not None and finished_at < (self.finished_before or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """What waits in one queue."""

    queue: str
    ready: int
    scheduled: int
    running: int
    oldest_ready_at: float | None
    next_due_at: float | None = None
    """When the first of the scheduled jobs comes due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message or a row that nobody could understand, with the reason."""

    id: str
    queue: str
    body: bytes
    reason: str
    at: float


class StepTransaction(ABC):
    """A transaction of a state store, lent to one step."""

    connection: object
    """The client library's own connection; the step must not commit or roll back on it."""

    @abstractmethod
    def settle(self, settlement: Settlement) -> Settled:
        """Write the step's outcome in this transaction, like `StateStore.settle`."""


class StateStore(Feedable, Movable, Definable, Measurable):
    """The truth about every job. Each method is one atomic act, or a list of them.

    Methods may be called from several threads at once. Each raises `BackendUnavailable` when the
    store cannot be used now. A write whose fate is unknown (the connection broke at commit) is
    resolved inside the store by reading again: worker and revision tell whether it landed.
    Every transition obeys `ergate.jobs.transitions.apply`.
    """

    capabilities: ClassVar[frozenset[Capability]]
    level: Level

    # --- life -----------------------------------------------------------------------------------

    @abstractmethod
    def migrate(self) -> None:
        """Bring the schema to this version. Safe to call by many at once, and again.

        Raises `SchemaError` when the stored schema is newer than this version of Ergate.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of every connection and file."""

    # --- accepting ------------------------------------------------------------------------------

    @abstractmethod
    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> Sequence[Ticket]:
        """Store new jobs, all or none; return tickets for those that are runnable now.

        When it returns the jobs are accepted. A job whose id exists raises `UsageError`, or with
        `if_absent` is left as it is.
        """

    def submit_within(
        self, connection: object, jobs: Sequence[JobRecord], *, if_absent: bool = False
    ) -> Sequence[Ticket]:
        """Do what `submit` does in the transaction that the caller has open on `connection`.

        The jobs are accepted when the caller commits; rolled back, they never existed.
        `connection` is the client library's own, to the place where this store keeps its jobs.
        Needs `Capability.ENQUEUE_IN_TRANSACTION`; raises `UsageError` for another connection.
        """
        raise unsupported(self, Capability.ENQUEUE_IN_TRANSACTION)

    # --- the hot path ---------------------------------------------------------------------------

    @abstractmethod
    def claim_ready(self, queues: Sequence[str], limit: int, worker_id: str) -> Sequence[JobRecord]:
        """Claim up to `limit` runnable jobs, higher priority first, then the longest waiting.

        Returns the jobs as they are after the claim. Never blocks for work. The answer is either
        exactly one job that must run `alone`, or jobs of which none must.
        Of all callers at the same time, one gets each job.
        """

    @abstractmethod
    def claim(self, tickets: Sequence[Ticket], worker_id: str) -> Sequence[JobRecord]:
        """Claim the jobs that `tickets` name, as far as they are still QUEUED at that revision."""

    @abstractmethod
    def wait_ready(self, queues: Sequence[str], timeout_s: float) -> bool:
        """Block until something may be ready, at most `timeout_s`; return whether it may be.

        A hint: both a false alarm and a missed one are allowed, the latter only for a bounded time.
        """

    def wake(self) -> None:
        """Make a `wait_ready` that blocks in another thread return soon."""

    @abstractmethod
    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        """Write outcomes: the job's new state, one history row and one ready row each, together.

        A settlement counts only while the job is RUNNING, held by that worker, at that revision.
        One that landed before (the answer was lost) is not refused when it is sent again.
        """

    def transaction(self) -> AbstractContextManager[StepTransaction]:
        """Open a transaction for a step that writes where its outcome is written.

        It commits when the block ends, and rolls back when the block raises; an error of the
        commit itself is `BackendUnavailable`, and leaves open whether it landed.
        Needs `Capability.TRANSACTIONAL_STEPS`.
        """
        raise unsupported(self, Capability.TRANSACTIONAL_STEPS)

    @abstractmethod
    def held(self, worker_id: str) -> Mapping[str, int]:
        """Return the jobs that the worker holds, id to revision.

        A worker whose claim ended in an error asks this, to give back what it does not know of.
        """

    # --- the outbox -----------------------------------------------------------------------------

    @abstractmethod
    def unpublished(self, limit: int, older_than_s: float) -> Sequence[Ticket]:
        """Return runnable jobs whose ticket no queue has confirmed, ready for that long."""

    @abstractmethod
    def published(self, tickets: Sequence[Ticket]) -> None:
        """Note that a queue confirmed `tickets`; one whose revision has passed changes nothing."""

    @abstractmethod
    def republish(self, older_than_s: float, limit: int) -> int:
        """Count as unpublished again what was confirmed that long ago and is still unclaimed."""

    # --- life and death of workers --------------------------------------------------------------

    @abstractmethod
    def heartbeat(self, workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        """Renew the lease of each worker for `lease_s` seconds on the store's clock.

        Returns the ids of workers whose lease had ended or was missing: what they held may have
        been given to others. The first heartbeat of a worker is among them.
        """

    @abstractmethod
    def retire(self, worker_id: str) -> None:
        """Remove the lease of a worker that has nothing left to settle."""

    @abstractmethod
    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        """Free at once all jobs of a worker that is known to be dead, and remove its lease.

        `started` maps the ids of jobs whose step had started to their revision. With `blame` their
        deliveries stay counted; all others, and without `blame` all, go back uncounted.
        """

    @abstractmethod
    def sweep(
        self, policy: RecoveryPolicy, *, limit: int = 500, dead_workers: Sequence[str] = ()
    ) -> Swept:
        """Make due jobs ready, and free jobs whose worker has no live lease: one bounded pass.

        An expired lease, a missing one and a worker named in `dead_workers` mean the same.
        Safe to run anywhere at the same time.
        """

    # --- what people ask and order --------------------------------------------------------------

    @abstractmethod
    def get(self, job_id: str) -> JobRecord | None:
        """Return the job, or None when there is none with this id."""

    def get_many(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        """Return those jobs that exist, by id; one that cannot be read is left out."""
        found: dict[str, JobRecord] = {}
        for job_id in job_ids:
            with suppress(CorruptRecord):
                job = self.get(job_id)
                found |= {} if job is None else {job_id: job}
        return found

    @abstractmethod
    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        """Return jobs, the newest first."""

    @abstractmethod
    def count(self, which: JobFilter) -> Mapping[JobStatus, int]:
        """Return how many jobs there are by status; statuses without any are left out."""

    @abstractmethod
    def history(self, job_id: str) -> Sequence[HistoryRow]:
        """Return the job's transitions in the order of their revisions."""

    @abstractmethod
    def cancel(self, job_id: str) -> JobRecord:
        """Cancel a job that waits, or ask that a running one be cancelled at its step's end.

        Raises `JobNotFoundError`; `UsageError` when the job has ended.
        """

    @abstractmethod
    def restart(self, job_id: str, event: RestartAsked) -> JobRecord:
        """Make an ended job runnable again, or raise `JobNotFoundError` or `UsageError`."""

    @abstractmethod
    def deliver(self, job_id: str, event: Delivered | Postponed) -> JobRecord:
        """Hand a waiting job its input from outside, so that it is ready now; or let it wait on.

        `Delivered` wakes those who wait for work. Of all that comes for one `seq`, the first is
        taken and every other refused. `Postponed` only moves the time at which the job is due,
        with no new revision and no history row; of two, the last counts.
        Raises `JobNotFoundError`; `UsageError` for a job that is not SCHEDULED at that `seq`, or
        whose step has been tried already.
        """

    @abstractmethod
    def prune(self, which: JobFilter, *, limit: int = 1000) -> int:
        """Delete up to `limit` ended jobs with their history; return how many it were."""

    @abstractmethod
    def queues(self) -> Sequence[QueueStats]:
        """Return what waits, one entry for each queue that has jobs which have not ended."""

    @abstractmethod
    def purge(self, queue: str) -> int:
        """Cancel every job that waits in `queue` (ready or scheduled); return how many it were."""

    @abstractmethod
    def workers(self) -> Sequence[WorkerInfo]:
        """Return the workers that have a lease, live or ended."""

    # --- dead letters ---------------------------------------------------------------------------

    @abstractmethod
    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Keep what nobody could understand; an id that is there already changes nothing.

        A letter without a time (0) is of now.
        """

    @abstractmethod
    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """Return dead letters, the newest first."""

    @abstractmethod
    def exhume(self, letter_id: str) -> DeadLetter | None:
        """Remove one dead letter and return it; None when another caller was first."""
