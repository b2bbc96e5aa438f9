"""The one thread of a worker that writes outcomes.

It takes one outcome, and with it all others that are there. No timer is needed: while a settlement
is on the wire the next outcomes collect, so alone they go at once and in a crowd together.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence

from ergate.brokers.broker import Broker
from ergate.contracts.state_store import Settled
from ergate.errors import BackendUnavailable
from ergate.jobs.errors import JobError
from ergate.jobs.events import (
    Aborted,
    Advanced,
    Completed,
    Deferred,
    Failed,
    Outcome,
    Released,
    Retried,
    Settlement,
    Unroutable,
)
from ergate.worker.events import Event, StepEnded, StepsEnded, Trouble
from ergate.worker.slots import Ended

log = logging.getLogger("ergate")

BATCH = 500
PAUSE_FIRST_S = 0.05
PAUSE_MAX_S = 2.0
"""Within seconds after a server's return everybody works again, and has not stormed it."""

Report = Callable[[Event], None]


class Settler(threading.Thread):
    """Writes what `put` gives it, in order, and tells what was written."""

    def __init__(self, broker: Broker, worker_id: str, report: Report) -> None:
        super().__init__(name="settler", daemon=True)
        self._broker = broker
        self._worker_id = worker_id
        self._report = report
        self._inbox: queue.SimpleQueue[Ended | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._open = 0
        self._gives_up = threading.Event()
        self.fatal: BaseException | None = None
        """What ended this thread too early; the worker must leave."""

    def put(self, ended: Ended) -> None:
        """Take an outcome that is to be written."""
        with self._changed:
            self._open += 1
        self._inbox.put(ended)

    def flush(self, timeout_s: float) -> bool:
        """Block until all that was put is written; return whether it is, within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_flushed, timeout_s)

    @property
    def _is_flushed(self) -> bool:
        return self._open == 0 or self.fatal is not None

    def stop(self, timeout_s: float) -> bool:
        """Write what is left within the time, and end; return whether all was written."""
        is_done = self.flush(timeout_s)
        self._gives_up.set()
        self._inbox.put(None)
        self.join(timeout_s)
        return is_done

    def run(self) -> None:
        """Settle batch after batch until stopped."""
        try:
            while batch := self._next_batch():
                self._settle(batch)
                with self._changed:
                    self._open -= len(batch)
                    self._changed.notify_all()
        except BaseException as exc:
            log.exception("The settler failed; this worker leaves and its jobs are recovered.")
            with self._changed:
                self.fatal = exc
                self._changed.notify_all()

    def _next_batch(self) -> list[Ended]:
        first = self._inbox.get()
        batch = [] if first is None else [first]
        while first is not None and len(batch) < BATCH:
            try:
                more = self._inbox.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._inbox.put(None)  # stop after this batch
                break
            batch.append(more)
        return batch

    def _settle(self, batch: Sequence[Ended]) -> None:
        for ended in batch:
            if ended.settled is not None:  # the step's own transaction wrote it
                self._report(self._told([ended], ended.settled))
        batch = [ended for ended in batch if ended.settled is None]
        if batch:
            self._write(batch)

    def _write(self, batch: Sequence[Ended]) -> None:
        settlements = [self._settlement(ended) for ended in batch]
        try:
            settled = self._until_available(settlements)
        except BackendUnavailable:
            return  # given up at the end of the grace; leases do the rest
        except Exception as exc:  # noqa: BLE001 - one bad outcome must not stop the others
            if len(batch) > 1:  # find the one that cannot be written, and write the others
                for ended in batch:
                    self._write([ended])
                return
            self._fail(batch[0], exc)
            return
        self._report(self._told(batch, settled))

    def _fail(self, ended: Ended, exc: Exception) -> None:
        """Settle as FAILED what the store refused to write for an unforeseen reason."""
        log.error("The outcome of job %s cannot be written.", ended.claim.id, exc_info=exc)
        message = "The state store could not write the step's outcome; see the worker's log."
        error = JobError(type="SettlementError", message=message, step_name=ended.step).to_json()
        failed = Ended(ended.claim, Failed(error), ended.step, ended.run_s)
        settled = self._until_available([self._settlement(failed)])
        self._report(self._told([failed], settled))

    def _until_available(self, settlements: Sequence[Settlement]) -> Settled:
        pause_s, is_down = PAUSE_FIRST_S, False
        while True:
            try:
                settled = self._broker.settle(settlements)
            except BackendUnavailable as exc:
                if self._gives_up.is_set():
                    raise
                if not is_down:
                    what = f"Outcomes cannot be written, trying again until they can: {exc}"
                    self._report(Trouble(what=what, worker_id=self._worker_id))
                is_down = True
                self._gives_up.wait(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(PAUSE_MAX_S, pause_s * 2)
            else:
                if is_down:
                    what = "Outcomes are being written again."
                    self._report(Trouble(what=what, worker_id=self._worker_id, is_over=True))
                return settled

    def _settlement(self, ended: Ended) -> Settlement:
        claim = ended.claim
        return Settlement(claim.id, self._worker_id, claim.revision, ended.outcome)

    def _told(self, batch: Sequence[Ended], settled: Settled) -> StepsEnded:
        refused = {settlement.job_id for settlement in settled.refused}
        now = time.time()
        return StepsEnded(
            at=now, steps=tuple(self._step(ended, refused, settled, now) for ended in batch)
        )

    def _step(self, ended: Ended, refused: set[str], settled: Settled, now: float) -> StepEnded:
        claim, outcome = ended.claim, ended.outcome
        word = "lease_lost" if claim.id in refused else OUTCOME_WORDS[type(outcome)]
        return StepEnded(
            at=now,
            worker_id=self._worker_id,
            job_id=claim.id,
            workflow=claim.workflow_name,
            step=ended.step,
            seq=claim.seq,
            attempt=claim.attempt + 1,
            outcome=settled.statuses.get(claim.id, word) if settled.statuses else word,
            run_s=ended.run_s,
            wait_s=max(0.0, (claim.claimed_at or 0.0) - claim.updated_at),
            error=error_line(outcome),
            pause_s=_pause_s(outcome, now),
        )


def _pause_s(outcome: Outcome, now: float) -> float | None:
    if isinstance(outcome, Deferred) and outcome.due_at is not None:
        return max(0.0, outcome.due_at - now)
    return outcome.pause_s if isinstance(outcome, Deferred | Retried | Unroutable) else None


OUTCOME_WORDS: dict[type[Outcome], str] = {
    Advanced: "advanced",
    Deferred: "deferred",
    Completed: "completed",
    Retried: "retried",
    Failed: "failed",
    Aborted: "aborted",
    Released: "released",
    Unroutable: "unroutable",
}


def error_line(outcome: Outcome) -> str | None:
    """Return what went wrong in one line, or None."""
    if isinstance(outcome, Retried | Failed | Aborted):
        error = JobError.from_json(outcome.error)
        return f"{error.type}: {error.message}"
    return outcome.reason if isinstance(outcome, Unroutable) else None
