"""The threads in which steps run, each with a mark of what it runs."""

from __future__ import annotations

import ctypes
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ergate.brokers.broker import Broker
from ergate.contracts.state_store import Settled
from ergate.errors import StepTimeout
from ergate.failpoints import failpoint
from ergate.jobs.errors import JobError
from ergate.jobs.events import Failed, Outcome, Released, Unroutable
from ergate.jobs.record import JobRecord
from ergate.worker.marks import NEVER, NO_RETRY, Mark, Marks
from ergate.worker.runner import Interrupted, Runner, StepRun, timed_out
from ergate.worker.transactional import run_in_transaction

log = logging.getLogger("ergate")

OVERTIME_S = 1.0
"""How long past its deadline a step may hold on before its thread or process is replaced."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A claim with what came of it, ready to be settled."""

    claim: JobRecord
    outcome: Outcome
    step: str
    run_s: float
    settled: Settled | None = None
    """What became of it, when the step's own transaction wrote it already."""


class Slot(threading.Thread):
    """Takes claims from the inbox, one after the other, and runs their steps."""

    def __init__(self, number: int, slots: Slots) -> None:
        super().__init__(name=f"slot {number}", daemon=True)
        self._number = number
        self._slots = slots
        self._lock = threading.Lock()
        self._running: StepRun | None = None
        self._deadline = NEVER
        self._was_warned = False
        self._is_abandoned = False

    def run(self) -> None:
        """Run claims until told to leave, or given up."""
        while not self._is_abandoned and (claim := self._slots.inbox.get()) is not None:
            try:
                ended = self._run(claim)
            except Exception as exc:  # ours, not the step's; a dead slot would stop the worker
                log.exception("Job %s cannot be run; it fails.", claim.id)
                error = JobError.from_exception(exc, step_name=claim.step_name).to_json()
                ended = Ended(claim, Failed(error), claim.step_name or "?", 0.0)
            if ended is not None:
                self._slots.ended(ended)

    def _run(self, claim: JobRecord) -> Ended | None:
        run = self._slots.runner.find(claim)
        if isinstance(run, Unroutable):
            return Ended(claim, run, claim.step_name or "?", 0.0)
        started = time.monotonic()
        self._mark(run, started)
        failpoint("before_step")
        try:
            outcome, settled = self._guarded(run)
        except Interrupted:
            return None
        finally:
            if not self._is_abandoned:
                self._slots.marks.end(self._number)
        if self._is_abandoned:
            return None  # it was settled as timed out, long ago
        failpoint("after_step")
        return Ended(claim, outcome, run.step.name, time.monotonic() - started, settled)

    def _guarded(self, run: StepRun) -> tuple[Outcome, Settled | None]:
        """Run the step; an exception thrown into this thread may arrive a moment too late."""
        try:
            try:
                return self._slots.run(run)
            finally:
                with self._lock:
                    self._running, self._deadline = None, NEVER
        except (StepTimeout, Interrupted) as exc:
            return self._slots.runner.raised(run, exc), None

    def _mark(self, run: StepRun, started: float) -> None:
        deadline = NEVER if run.timeout_s is None else started + run.timeout_s
        claim = run.claim
        mark = Mark(
            claim.id, claim.revision, claim.workflow_name, run.step.name, started, deadline,
            _timeout_pause(run) if run.timeout_s is not None else NO_RETRY,
        )  # fmt: skip
        self._slots.marks.start(self._number, mark)
        with self._lock:
            self._running, self._was_warned = run, False
            # The loop ends async steps itself.
            self._deadline = NEVER if run.step.plan.is_async else deadline

    def check(self, now: float) -> None:
        """Throw `StepTimeout` into the thread when its step has run too long.

        A step that blocks outside of Python does not hear that. Its supervisor replaces the
        process then; without one the thread is given up, and another takes its place.
        """
        with self._lock:
            if self._running is None or now < self._deadline:
                return
            if not self._was_warned:
                self._was_warned, self._deadline = True, now + OVERTIME_S
                self._throw(StepTimeout)
                return
            self._deadline = NEVER
            if self._slots.gives_up_threads:
                self._abandon(self._running)

    def _abandon(self, run: StepRun) -> None:
        self._is_abandoned = True
        log.warning(
            "A thread is lost to %s, which does not end. Another takes its place.", run.what
        )
        outcome = self._slots.runner.raised(run, timed_out(run))
        self._slots.replace(self._number)
        self._slots.ended(Ended(run.claim, outcome, run.step.name, run.timeout_s or 0.0))

    def interrupt(self) -> None:
        """Throw `Interrupted` into the thread if a step runs."""
        with self._lock:
            if self._running is not None:
                self._throw(Interrupted)

    def _throw(self, kind: type[BaseException]) -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self.ident or 0), ctypes.py_object(kind)
        )


class Slots:
    """As many threads as steps may run at once; started when there is work for them."""

    def __init__(
        self,
        concurrency: int,
        runner: Runner,
        marks: Marks,
        ended: Callable[[Ended], None],
        broker: Broker,
        *,
        gives_up_threads: bool = False,
    ) -> None:
        self.runner = runner
        self.marks = marks
        self.ended = ended
        self.inbox: queue.SimpleQueue[JobRecord | None] = queue.SimpleQueue()
        self._broker = broker
        self.gives_up_threads = gives_up_threads
        self._concurrency = concurrency
        self._threads: list[Slot] = []

    def run(self, run: StepRun) -> tuple[Outcome, Settled | None]:
        """Run a step, in a transaction of the store if it asks for one."""
        if run.step.plan.needs_transaction:
            return run_in_transaction(self.runner, self._broker, run)
        return self.runner.run(run), None

    def take(self, claim: JobRecord) -> None:
        """Run a claim as soon as a slot is free."""
        self.inbox.put(claim)
        if len(self._threads) < self._concurrency:
            slot = Slot(len(self._threads), self)
            self._threads.append(slot)
            slot.start()

    def replace(self, number: int) -> None:
        """Start a new thread in the place of one that is given up."""
        self.marks.end(number)
        self._threads[number] = Slot(number, self)
        self._threads[number].start()

    def give_back(self) -> int:
        """Hand every claim that has not started back to be released; return how many."""
        count = 0
        while True:
            try:
                claim = self.inbox.get_nowait()
            except queue.Empty:
                return count
            if claim is not None:
                self.ended(Ended(claim, Released(), claim.step_name or "?", 0.0))
                count += 1

    def check(self) -> None:
        """Stop steps that have run past their deadline; call it often."""
        now = time.monotonic()
        for slot in self._threads:
            slot.check(now)

    def interrupt(self) -> None:
        """Stop all running steps that listen; they are not settled."""
        for slot in self._threads:
            slot.interrupt()

    def stop(self, timeout_s: float) -> bool:
        """Let every thread end after its step; return whether all have within the time."""
        for _ in self._threads:
            self.inbox.put(None)
        deadline = time.monotonic() + timeout_s
        for slot in self._threads:
            slot.join(max(0.0, deadline - time.monotonic()))
        return not any(slot.is_alive() for slot in self._threads)


def _timeout_pause(run: StepRun) -> float:
    pause_s = run.step.retry.pause_s(run.claim.attempt + 1, timed_out(run))
    return NO_RETRY if pause_s is None else pause_s
