"""One worker: claims on this thread, runs steps in slots, settles in the settler."""

from __future__ import annotations

import logging
import random
import threading
import time
from contextlib import ExitStack
from dataclasses import replace

from ergate.brokers.broker import Broker
from ergate.errors import BackendUnavailable
from ergate.jobs.events import Released, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket
from ergate.services.declared import with_declared
from ergate.services.webhooks import ends, hint
from ergate.settings import Settings
from ergate.worker.event_loop import EventLoop
from ergate.worker.events import Trouble, WorkerLeft, WorkerReady, WorkerTick
from ergate.worker.freeze import Freeze
from ergate.worker.hand import Hand
from ergate.worker.lifespan import entered
from ergate.worker.marks import Marks
from ergate.worker.program import Program
from ergate.worker.runner import Runner
from ergate.worker.settler import PAUSE_FIRST_S, PAUSE_MAX_S, Report, Settler
from ergate.worker.signals import ErgateSignal
from ergate.worker.slots import Ended, Slots
from ergate.worker.stopping import Stopping

log = logging.getLogger("ergate")

TURN_S = 0.2
"""The longest wait of one turn, so that a wish to stop is seen soon."""
IDLE_S = 0.5
"""How long a worker waits for its first job before it asks again; asking costs the server."""
WATCH_S = 0.05
TICK_S = 1.0
LEAVE_S = 5.0
"""How long the last settlements may take after the steps have ended."""


class Worker:
    """Claims, runs and settles until told to stop.

    Signals and supervisors only ask through `stopping`; what is in hand then is given back when
    it has not started, and runs to its end within `grace_s` when it has.
    """

    def __init__(
        self,
        worker_id: str,
        program: Program,
        broker: Broker,
        settings: Settings,
        *,
        marks: Marks,
        report: Report,
        stopping: Stopping,
        gives_up_threads: bool = False,
    ) -> None:
        self.worker_id = worker_id
        self._program = program
        self._broker = broker
        self._settings = settings
        self._report = report
        self._stopping = stopping
        known = with_declared(program.registry, broker.store, settings)
        self._loop = EventLoop()
        self._hand = Hand(settings.concurrency)
        self._settler = Settler(broker, worker_id, report)
        self._slots = Slots(
            settings.concurrency,
            Runner(replace(program, registry=known), self._loop),
            marks,
            self._step_ended,
            broker,
            gives_up_threads=gives_up_threads,
        )
        self._in_hand: set[tuple[str, int]] = set()
        """Job id and revision of each claim that has not ended."""
        self._freeze = Freeze(settings.lease_s, settings.heartbeat_s)
        self._is_unsure = False
        self._pause_s = PAUSE_FIRST_S
        self._is_down = False

    def run(self, pid: int) -> None:
        """Work until asked to stop, then leave in order."""
        with ExitStack() as stack:
            stack.callback(self._loop.close)
            stack.enter_context(entered(self._program.lifespan, self._loop))
            self._tell(ErgateSignal.WORKER_START)
            stack.callback(self._tell, ErgateSignal.WORKER_STOP)
            self._settler.start()
            watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
            watcher.start()
            self._report(WorkerReady(worker_id=self.worker_id, pid=pid))
            while not self._stopping.is_asked:
                self.turn()
            self._leave()
        if self._settler.fatal is not None:  # an end with an error is not repeated without a pause
            raise self._settler.fatal

    def turn(self) -> None:
        """Claim what there is room for, or wait a moment."""
        if not self._freeze.is_over():
            time.sleep(TURN_S)
            return
        room = self._hand.room()
        try:
            if room <= 0:
                if not self._hand.wait_for_room(TURN_S):
                    self._broker.attend(self._settings.queues)
                return
            if self._is_unsure:
                self._give_back_strays()
            claims = self._broker.claim(self._settings.queues, room, IDLE_S, self.worker_id)
            self._is_available()
            take = self._accept if self._freeze.is_over() else self._give_back
            for claim in claims:
                take(claim)
        except BackendUnavailable as exc:
            self._is_unsure = True  # the claim may have landed although its answer did not
            self._wait_out(exc)
            return
        self._count_jobs()

    # --- claims ---------------------------------------------------------------------------------

    def _accept(self, claim: JobRecord) -> None:
        if claim.alone:
            self._run_alone(claim)
        else:
            self._take(claim)

    def _take(self, claim: JobRecord) -> None:
        self._in_hand.add((claim.id, claim.revision))
        self._hand.take()
        self._slots.take(claim)

    def _run_alone(self, claim: JobRecord) -> None:
        """Run a job that may kill this process with nothing else in hand.

        While the hand empties the claim is given back: should all of us die meanwhile, a delivery
        that never started must not count.
        """
        if self._hand.count:
            self._give_back(claim)
            if not self._wait_empty() or not self._settler.flush(LEAVE_S):
                return
            ticket = Ticket(claim.id, claim.revision + 1, claim.queue)
            for again in self._broker.claim_again(ticket, self.worker_id):
                self._take(again)
        else:
            self._take(claim)
        self._wait_empty()

    def _give_back(self, claim: JobRecord) -> None:
        self._settler.put(Ended(claim, Released(), claim.step_name or "?", 0.0))

    def _wait_empty(self) -> bool:
        while not self._stopping.is_asked:
            if self._hand.wait_empty(TURN_S):
                return True
        return False

    def _step_ended(self, ended: Ended) -> None:
        if ends(ended.outcome):
            # Before the end is written: should this process die in between, the webhook looks.
            hint(self._broker.store, ended.claim)
        self._settler.put(ended)
        self._in_hand.discard((ended.claim.id, ended.claim.revision))
        self._hand.end(ended.run_s)

    def _give_back_strays(self) -> None:
        """Release what we hold without knowing it: claims whose answer got lost."""
        # The order matters: what is not in hand now was given to the settler before, so once that
        # is flushed the store holds it no more, and nothing on its way is taken for a stray.
        known = set(self._in_hand)
        if not self._settler.flush(LEAVE_S):
            return
        strays = [
            Settlement(job_id, self.worker_id, revision, Released())
            for job_id, revision in self._broker.store.held(self.worker_id).items()
            if (job_id, revision) not in known
        ]
        if strays:
            self._broker.settle(strays)
        self._is_unsure = False

    def _count_jobs(self) -> None:
        limit = self._settings.max_jobs
        if limit is not None and self._hand.ended + self._hand.count >= limit:
            self._wait_empty()
            self._stopping.ask(f"it has run {self._hand.ended} steps (max_jobs)")

    # --- trouble --------------------------------------------------------------------------------

    def _wait_out(self, exc: BackendUnavailable) -> None:
        if not self._is_down:
            what = f"Nothing can be claimed, trying again until it can: {exc}"
            self._report(Trouble(what=what, worker_id=self.worker_id))
        self._is_down = True
        time.sleep(self._pause_s * random.uniform(0.5, 1.0))
        self._pause_s = min(PAUSE_MAX_S, self._pause_s * 2)

    def _is_available(self) -> None:
        if self._is_down:
            what = "Jobs are being claimed again."
            self._report(Trouble(what=what, worker_id=self.worker_id, is_over=True))
        self._is_down, self._pause_s = False, PAUSE_FIRST_S

    # --- the watcher ----------------------------------------------------------------------------

    def _watch(self) -> None:
        """Stop steps past their deadline, give a sign of life, and see that the settler lives."""
        next_tick = 0.0
        while True:
            time.sleep(WATCH_S)
            self._freeze.is_over()
            self._slots.check()
            if self._stopping.is_asked:
                self._broker.wake()
            if self._settler.fatal is not None:
                self._stopping.ask("outcomes cannot be written")
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + TICK_S
                self._report(WorkerTick(worker_id=self.worker_id, in_hand=self._hand.count))

    def _tell(self, signal: ErgateSignal) -> None:
        self._program.signals.send(signal, None, self._loop.run)

    # --- leaving --------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Give back what has not started, let run what has, settle, and say goodbye."""
        self._slots.give_back()
        deadline = time.monotonic() + self._settings.grace_s
        while not self._hand.wait_empty(TURN_S):
            if self._stopping.is_urgent or time.monotonic() > deadline:
                self._slots.interrupt()
                self._loop.cancel_all()
                self._hand.wait_empty(1.0)
                break
        self._settler.stop(LEAVE_S)
        self._slots.stop(timeout_s=0.2)
        self._report(WorkerLeft(worker_id=self.worker_id, reason=self._stopping.reason or ""))
