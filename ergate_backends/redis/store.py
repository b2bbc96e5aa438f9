"""The Redis state store: every act is one script."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping, Sequence

from ergate.clock import Clock
from ergate.contracts.activity import Activity
from ergate.contracts.address import Address
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate.contracts.feed import FeedInfo, FeedRow
from ergate.contracts.moving import Admitted, Traveller
from ergate.contracts.state_store import (
    DeadLetter,
    JobFilter,
    QueueStats,
    Settled,
    StateStore,
    Swept,
    WorkerInfo,
)
from ergate.errors import CorruptRecord, UsageError
from ergate.jobs.events import (
    CancelAsked,
    Delivered,
    Postponed,
    RecoveryPolicy,
    RestartAsked,
    Settlement,
)
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import submitted
from ergate_backends.redis import (
    asking,
    burying,
    defining,
    feeding,
    measuring,
    migrating,
    moving,
    ordering,
    persistence,
    recovery,
    settling,
)
from ergate_backends.redis.rows import columns_of, packed, record_of
from ergate_backends.redis.server import Argument, Server

_ALWAYS = frozenset(
    {
        Capability.SHARED,
        Capability.MOVE,
        Capability.FEEDS,
        Capability.DEFINITIONS,
        Capability.ACTIVITY,
    }
)
WAIT_PIECE_S = 1.0
"""A blocking wait is made of pieces this long: `wake` and a broken connection are noticed then."""


class RedisStore(StateStore):
    """Jobs in one Redis server, for all processes that can reach it.

    Raises `BackendUnavailable` when the server does not answer now.
    """

    def __init__(self, address: Address, clock: Clock) -> None:
        self._server = Server(address, clock)
        self._woken = threading.Event()
        self.level = persistence.level(self._server)

    @property
    def capabilities(self) -> frozenset[Capability]:  # type: ignore[override]  # the server decides
        """Several processes always; durable when the server writes an append-only file."""
        kept = {Capability.DURABLE} if self.level is not Level.L0 else set()
        return _ALWAYS | kept

    def migrate(self) -> None:
        migrating.migrate(self._server)

    def close(self) -> None:
        self._server.close()

    # --- accepting ------------------------------------------------------------------------------

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> Sequence[Ticket]:
        if not jobs:
            return []
        # Sent again after a broken connection, the token tells what this very call has stored.
        arguments: list[Argument] = [uuid.uuid4().hex, int(if_absent)]
        for job in jobs:
            columns = columns_of(job)
            arguments += (job.id, packed(submitted(job)), len(columns), *columns)
        word, ids = self._server.run("submit", *arguments, repeatable=True)
        if word == b"exists":
            raise UsageError(
                f'A job with the id "{ids.decode()}" exists already. '
                "Leave the id out to get a new one."
            )
        first = {job.id: job for job in reversed(jobs)}
        new = [first[job_id.decode()] for job_id in ids]
        return [
            Ticket(job.id, job.revision, job.queue) for job in new if job.status is JobStatus.QUEUED
        ]

    # --- the hot path ---------------------------------------------------------------------------

    def claim_ready(self, queues: Sequence[str], limit: int, worker_id: str) -> Sequence[JobRecord]:
        if limit <= 0:
            return []
        return self._claimed(
            self._server.run("claim_ready", worker_id, limit, *dict.fromkeys(queues))
        )

    def claim(self, tickets: Sequence[Ticket], worker_id: str) -> Sequence[JobRecord]:
        pairs = [text for ticket in tickets for text in (ticket.job_id, ticket.revision)]
        return self._claimed(self._server.run("claim", worker_id, *pairs))

    def _claimed(self, answer: Sequence[tuple[bytes, Sequence[bytes | None]]]) -> list[JobRecord]:
        claimed = []
        for job_id, values in answer:
            try:
                claimed.append(record_of(job_id.decode(), values))
            except CorruptRecord as exc:
                ordering.fail_damaged(self._server, job_id.decode(), exc)
        return claimed

    def wait_ready(self, queues: Sequence[str], timeout_s: float) -> bool:
        # A bell holds a marker while its queue has jobs of which nobody was told.
        bells = [self._server.key("bell", queue) for queue in queues]
        deadline = time.monotonic() + timeout_s
        self._woken.clear()
        while not self._woken.is_set() and (left := deadline - time.monotonic()) > 0:
            piece_s = max(0.001, min(left, WAIT_PIECE_S))  # Redis takes 0 for "for ever"
            if not bells:
                self._woken.wait(piece_s)
            elif self._server.once("BLPOP", *bells, f"{piece_s:.3f}"):
                return True
        return False

    def wake(self) -> None:
        self._woken.set()

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        return settling.settle(self._server, settlements)

    def held(self, worker_id: str) -> Mapping[str, int]:
        held = _pairs(self._server.command("HGETALL", self._server.key("held", worker_id)))
        return {job_id.decode(): int(revision) for job_id, revision in held.items()}

    # --- the outbox -----------------------------------------------------------------------------

    def unpublished(self, limit: int, older_than_s: float) -> Sequence[Ticket]:
        rows = self._server.run("unpublished", max(limit, 0), f"{older_than_s * 1e6:.0f}")
        return [
            Ticket(job_id.decode(), int(revision), queue.decode())
            for _, job_id, revision, queue in sorted(rows)[: max(limit, 0)]
        ]

    def published(self, tickets: Sequence[Ticket]) -> None:
        pairs = [text for ticket in tickets for text in (ticket.job_id, ticket.revision)]
        self._server.run("published", *pairs, repeatable=True)

    def republish(self, older_than_s: float, limit: int) -> int:
        age = f"{older_than_s * 1e6:.0f}"
        return int(self._server.run("republish", age, max(limit, 0)))

    # --- life and death of workers --------------------------------------------------------------

    def heartbeat(self, workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        return recovery.heartbeat(self._server, workers, lease_s)

    def retire(self, worker_id: str) -> None:
        self._server.run("retire", worker_id, repeatable=True)

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        policy: RecoveryPolicy,
    ) -> Swept:
        return recovery.recover(
            self._server, worker_id, started, blame=blame, reason=reason, policy=policy
        )

    def sweep(
        self, policy: RecoveryPolicy, *, limit: int = 500, dead_workers: Sequence[str] = ()
    ) -> Swept:
        return recovery.sweep(self._server, policy, limit, dead_workers)

    # --- what people ask and order --------------------------------------------------------------

    def get(self, job_id: str) -> JobRecord | None:
        return ordering.read_one(self._server, job_id)

    def get_many(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        return ordering.read_many(self._server, job_ids)

    def list(self, which: JobFilter, *, limit: int = 100, offset: int = 0) -> Sequence[JobRecord]:
        return asking.listed(self._server, which, limit, offset)

    def count(self, which: JobFilter) -> Mapping[JobStatus, int]:
        return asking.count(self._server, which)

    def history(self, job_id: str) -> Sequence[HistoryRow]:
        return ordering.history(self._server, job_id)

    def cancel(self, job_id: str) -> JobRecord:
        return ordering.order(self._server, job_id, CancelAsked())

    def restart(self, job_id: str, event: RestartAsked) -> JobRecord:
        return ordering.order(self._server, job_id, event)

    def deliver(self, job_id: str, event: Delivered | Postponed) -> JobRecord:
        return ordering.order(self._server, job_id, event)

    def prune(self, which: JobFilter, *, limit: int = 1000) -> int:
        return asking.prune(self._server, which, limit)

    def queues(self) -> Sequence[QueueStats]:
        return asking.queues(self._server)

    def purge(self, queue: str) -> int:
        return ordering.purge(self._server, queue)

    def workers(self) -> Sequence[WorkerInfo]:
        return recovery.workers(self._server)

    def activity(self, since: float, span_s: float, spans: int) -> Sequence[Activity]:
        return measuring.activity(self._server, since, span_s, spans)

    # --- dead letters ---------------------------------------------------------------------------

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        burying.bury(self._server, letters)

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        return burying.newest(self._server, limit)

    def exhume(self, letter_id: str) -> DeadLetter | None:
        return burying.exhume(self._server, letter_id)

    # --- feeds ----------------------------------------------------------------------------------

    def feed(self, name: str, holder: str, limit: int, lease_s: float) -> Sequence[FeedRow] | None:
        return feeding.feed(self._server, name, holder, limit, lease_s)

    def advance(self, name: str, rows: Sequence[FeedRow]) -> None:
        feeding.advance(self._server, name, rows)

    def feeds(self) -> Sequence[FeedInfo]:
        return feeding.feeds(self._server)

    def drop_feed(self, name: str) -> bool:
        return feeding.drop(self._server, name)

    # --- definitions ----------------------------------------------------------------------------

    def define(self, definition: StoredDefinition) -> None:
        defining.define(self._server, definition)

    def definition(
        self, kind: DefinitionKind, name: str, version: str | None = None
    ) -> StoredDefinition | None:
        return defining.get(self._server, kind, name, version)

    def definitions(self, kind: DefinitionKind) -> Sequence[StoredDefinition]:
        return defining.all_of(self._server, kind)

    def versions(
        self, kind: DefinitionKind, name: str, *, limit: int = 20
    ) -> Sequence[StoredDefinition]:
        return defining.versions(self._server, kind, name, limit)

    def undefine(self, kind: DefinitionKind, name: str) -> bool:
        return defining.undefine(self._server, kind, name)

    # --- moving to another store ----------------------------------------------------------------

    def depart(self, limit: int, destination: str) -> Sequence[Traveller]:
        return moving.depart(self._server, limit, destination)

    def departed(self, limit: int, *, offset: int = 0) -> Sequence[Traveller]:
        return moving.departed(self._server, limit, offset)

    def admit(self, travellers: Sequence[Traveller]) -> Admitted:
        return moving.admit(self._server, travellers)

    def dismiss(self, departed: Mapping[str, int]) -> int:
        return moving.dismiss(self._server, departed)


def _pairs(flat: Sequence[bytes] | Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """Return the answer to HGETALL as a mapping, whatever the client library made of it."""
    if isinstance(flat, Mapping):
        return flat
    return dict(zip(flat[::2], flat[1::2], strict=True))
