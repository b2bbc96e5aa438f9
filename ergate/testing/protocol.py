"""What the parties of the model do to the job: the real transitions, or a design with a flaw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ergate.jobs.events import (
    Advanced,
    CameDue,
    Claim,
    Completed,
    Deferred,
    Delivered,
    Event,
    Outcome,
    Postponed,
    RecoveryPolicy,
    Retried,
    Settlement,
    WorkerDied,
)
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import apply

Fence = Literal["revision", "seq", "status", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The real design by default; each field takes out one of its guards, or changes the size."""

    steps: int = 2
    workers: int = 2
    max_deliveries: int = 9
    fence: Fence = "revision"
    """What a settlement is compared with: worker and revision, or less."""
    claims_any_revision: bool = False
    has_relay: bool = True
    """Without one, whoever makes a job ready publishes its ticket afterwards."""
    notes_with_revision: bool = True
    """Whether noting a confirmed ticket changes only a ready row of the same revision."""
    notes_before_publishing: bool = False
    republishes: bool = True
    sweeps: bool = True
    pauses: bool = False
    """Whether each step but the last ends with a pause, for which something outside may come."""


class Hand(NamedTuple):
    """What one worker is doing: idle, got (a ticket), run, ran, or publish."""

    worker_id: str
    act: str = "idle"
    revision: int = 0
    seq: int = 0


class Protocol:
    """Numbers the states of the job and remembers which event leads where."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._policy = RecoveryPolicy(max_deliveries=design.max_deliveries, pause_initial_s=0.0)
        self._records: list[JobRecord] = []
        self._numbers: dict[JobRecord, int] = {}
        self._known: dict[tuple[int, Event], int | None] = {}
        self.first = self._number(JobRecord(id="job", workflow_name="model"))

    def record(self, job: int) -> JobRecord:
        return self._records[job]

    def is_queued(self, job: int) -> bool:
        return self._records[job].status is JobStatus.QUEUED

    def play(self, job: int, event: Event) -> int | None:
        """Return the state that `event` leads to, or None when it is refused."""
        if (job, event) not in self._known:
            after = apply(self._records[job], event, 0.0)
            found = self._number(after) if isinstance(after, JobRecord) else None
            self._known[job, event] = found
        return self._known[job, event]

    def claim(self, job: int, hand: Hand) -> int | None:
        """Claim by the ticket in `hand`."""
        blind = self._design.claims_any_revision
        revision = self._records[job].revision if blind else hand.revision
        return self.play(job, Claim(hand.worker_id, revision))

    def settle(self, job: int, hand: Hand, *, fails: bool = False) -> int | None:
        """Settle what `hand` ran, under the design's fence."""
        record = self._records[job]
        outcome: Outcome = Retried(error="{}", pause_s=0.0) if fails else self._outcome(hand.seq)
        if not self._passes(record, hand):
            return None
        if self._design.fence == "revision":
            return self.play(job, Settlement("job", hand.worker_id, hand.revision, outcome))
        # The flaw: whatever holds the job now is overwritten.
        held = replace(record, status=JobStatus.RUNNING, worker_id=hand.worker_id)
        forged = Settlement("job", hand.worker_id, record.revision, outcome)
        return self.play(self._number(held), forged)

    def violation(self, job: int, hand: Hand) -> str:
        """Return what is wrong with applying the outcome in `hand` to the job, if anything."""
        record = self._records[job]
        if record.seq != hand.seq:
            return "an outcome was applied twice or out of order"
        if record.revision != hand.revision:
            return "an outcome was applied by a worker that had lost its claim"
        return ""

    def problem_at_end(self, job: int) -> str:
        """Return what is wrong with a job that ended, if anything."""
        record = self._records[job]
        done = record.status is JobStatus.COMPLETED
        return "completed without each step" if done and record.seq != self._design.steps else ""

    def sweeps(self, job: int, *, is_orphan: bool) -> Iterator[Event]:
        """Yield what a sweep, or a supervisor that saw its child die, may do to the job."""
        record = self._records[job]
        yield CameDue()
        if record.status is JobStatus.RUNNING and record.worker_id and is_orphan:
            for blame in (None, False):
                yield WorkerDied(record.worker_id, blame, "lost", self._policy)

    def comes_from_outside(self, job: int) -> Iterator[Event]:
        """Yield what may be delivered for the job: for where it waits, and for where it waited."""
        for seq in range(self.record(job).seq + 1):
            yield Delivered(seq, f'"for {seq}"')
        yield Postponed(self.record(job).seq, 0.0)

    def _passes(self, record: JobRecord, hand: Hand) -> bool:
        is_running = record.status is JobStatus.RUNNING
        match self._design.fence:
            case "seq":
                return is_running and record.seq == hand.seq
            case "status":
                return is_running
            case "revision" | "none":
                return True

    def _outcome(self, seq: int) -> Outcome:
        if seq + 1 >= self._design.steps:
            return Completed(result="null")
        move = Advanced(
            result="null", step=seq + 1, step_name="next", queue="default", percent=50.0
        )
        return Deferred(move, due_at=0.0) if self._design.pauses else move

    def _number(self, record: JobRecord) -> int:
        if record not in self._numbers:
            self._numbers[record] = len(self._records)
            self._records.append(record)
        return self._numbers[record]
