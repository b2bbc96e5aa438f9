"""The parent process: starts workers, watches them, replaces them, stops them."""

from __future__ import annotations

import math
import selectors
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

from ergate.brokers.broker import Broker
from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.errors import JobError
from ergate.jobs.events import Failed, Outcome, Retried, Settlement
from ergate.settings import Settings
from ergate.supervisor.child import Child, Lines
from ergate.supervisor.keeper import Keeper
from ergate.supervisor.reload import Reloader
from ergate.worker.events import (
    Output,
    Reloading,
    RunEnded,
    Running,
    Trouble,
    WorkerDead,
    WorkerLeft,
    WorkerReady,
    WorkerStarted,
)
from ergate.worker.events import (
    Stopping as StopAsked,
)
from ergate.worker.marks import NO_RETRY, Mark
from ergate.worker.settler import Report
from ergate.worker.slots import OVERTIME_S
from ergate.worker.stopping import Stopping, handled
from ergate.worker.worker import LEAVE_S

TURN_S = 0.1
URGENT_S = 2.0
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 10.0
START_FAILURES = 5
"""So many processes in a row that die before they are ready end the run."""


@dataclass(slots=True)
class Seat:
    """A place for one worker process; its occupants come and go."""

    number: int
    child: Child | None = None
    failures: int = 0
    start_at: float = 0.0


class Supervisor:
    """Keeps as many worker processes alive as were asked for.

    It does not run steps and does not talk to the store itself: the keeper does, in a thread of
    its own, so that a slow store never delays the watch over the processes.
    """

    def __init__(
        self,
        target: str,
        broker: Broker | None,
        settings: Settings,
        report: Report,
        *,
        capture: bool = False,
        reloader: Reloader | None = None,
    ) -> None:
        self._target = target
        self._settings = settings
        self._report = report
        self._capture = capture
        self._reloader = reloader
        self._seats = [Seat(number) for number in range(settings.process_count)]
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._stopping = Stopping()
        self._was_told_to_stop = False
        self._keeper = Keeper(broker, settings, self._living, report) if broker else None
        self._next_look = 0.0
        self._exit_code = 0

    def run(self) -> int:
        """Run until a signal or, in burst mode, until nothing is left; return the exit code."""

        def ask(number: int, _frame: object) -> None:
            self._stopping.ask(signal.Signals(number).name)
            self._wake()

        with handled({signal.SIGINT: ask, signal.SIGTERM: ask}):
            if self._keeper:
                self._keeper.start()
            if self._reloader:
                self._reloader.start()
            try:
                self._fill_seats()
                while not self._is_done():
                    self.turn()
            finally:
                self._end()
        self._report(RunEnded(exit_code=self._exit_code))
        return self._exit_code

    def turn(self) -> None:
        """Hear the workers, see to the dead and the hung, and start those that are missing."""
        for key, _ in self._selector.select(TURN_S):
            if key.data is None:
                self._woken.recv(64)
                continue
            child, stream = key.data
            if stream is None:
                self._hear(child)
            elif not self._pass_on(child, stream):
                self._selector.unregister(stream)
        for seat in self._seats:
            if seat.child is not None and seat.child.process.poll() is not None:
                self._dead(seat, seat.child)
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + 2 * TURN_S
            self._look()
        if self._stopping.is_asked:
            self._tell_to_stop()
        elif self._keeper and self._settings.burst and self._keeper.is_idle:
            self._stopping.ask("nothing is left to run (burst)")
        else:
            self._reload_if_changed()
            self._fill_seats()

    def _wake(self) -> None:
        """End the wait of the running turn; may be called by a signal's handler."""
        with suppress(OSError):  # it is full, and so read soon, or the run is over
            self._waker.send(b"!", socket.MSG_DONTWAIT)

    def _reload_if_changed(self) -> None:
        files = self._reloader.take() if self._reloader else ()
        if files:
            self._report(Reloading(files=files))
            self.reload("files changed")

    def reload(self, reason: str) -> None:
        """Replace every worker by one that loads the app again."""
        for seat in self._seats:
            seat.failures, seat.start_at = 0, 0.0
        for child in self._children():
            child.ask_to_leave(reason, self._deadline())

    def _children(self) -> list[Child]:
        return [seat.child for seat in self._seats if seat.child is not None]

    def _deadline(self) -> float:
        return time.monotonic() + self._settings.grace_s + LEAVE_S + URGENT_S

    def _is_done(self) -> bool:
        return self._stopping.is_asked and self._was_told_to_stop and not self._children()

    # --- starting -------------------------------------------------------------------------------

    def _fill_seats(self) -> None:
        now = time.monotonic()
        for seat in self._seats:
            if seat.child is None and now >= seat.start_at:
                self._start(seat)

    def _start(self, seat: Seat) -> None:
        child = Child.start(seat.number, self._settings, capture=self._capture)
        seat.child = child
        self._selector.register(child.connection, selectors.EVENT_READ, (child, None))
        for stream in child.outputs:
            self._selector.register(stream, selectors.EVENT_READ, (child, stream))
        self._report(
            WorkerStarted(worker_id=child.worker_id, number=seat.number, pid=child.process.pid)
        )
        if self._keeper:
            self._keeper.begin(child.info, lambda: child.go(self._target, self._settings))
        else:
            child.go(self._target, self._settings)

    def _living(self) -> list[WorkerInfo]:
        """Return the workers whose lease is to be renewed: those that show signs of life."""
        return [
            child.info
            for child in self._children()
            if child.process.poll() is None and child.shows_life(self._settings.heartbeat_s * 2)
        ]

    # --- hearing --------------------------------------------------------------------------------

    def _hear(self, child: Child) -> None:
        for event in child.events():
            if isinstance(event, WorkerReady):
                child.is_ready = True
            elif isinstance(event, WorkerLeft):
                child.has_left = True
            self._report(event)

    def _pass_on(self, child: Child, stream: Lines) -> bool:
        """Tell what a worker printed; return whether more can come."""
        lines = stream.read()
        for text in lines or ():
            self._report(Output(worker_id=child.worker_id, text=text))
        return lines is not None

    # --- watching -------------------------------------------------------------------------------

    def _look(self) -> None:
        """See what runs; end what runs too long, hangs, or has grown too large."""
        now = time.monotonic()
        for child in self._children():
            marks = child.marks.read()
            self._report(
                Running(
                    worker_id=child.worker_id,
                    steps=tuple((m.job_id, m.workflow, m.step, now - m.started) for m in marks),
                )
            )
            late = [mark for mark in marks if now > mark.deadline + OVERTIME_S]
            limit = self._settings.max_rss_mb
            if child.kill_at is not None and now > child.kill_at:
                child.kill("it did not leave in time", blames=child.is_too_large)
            elif late:
                child.timed_out = late
                child.kill(f'step "{late[0].step}" ran past its time-out')
            elif now - child.last_sign > self._settings.hang_s and not child.shows_life(0.0):
                reason = f"it gave no sign of life for {self._settings.hang_s:g} s"
                child.kill(reason, blames=True)
            elif limit is not None and child.kill_at is None and child.rss_mb() > limit:
                reason = f"it uses more than {limit} MiB (max_rss)"
                child.is_too_large = True
                child.ask_to_leave(reason, self._deadline())

    def _dead(self, seat: Seat, child: Child) -> None:
        """Free what a dead worker held, and plan its successor."""
        self._hear(child)
        for stream in child.outputs:
            self._pass_on(child, stream)
        is_expected = child.end_reason is not None or child.has_left
        reason = child.exit_reason()
        if child.end_reason:
            word = "stopped" if self._stopping.is_asked else "replaced"
            reason = f"{word}: {child.end_reason}"
        self._free(child, blame=child.is_blamed, reason=reason)
        pause_s = self._plan_successor(seat, child)
        self._report(
            WorkerDead(
                worker_id=child.worker_id,
                number=seat.number,
                pid=child.process.pid,
                reason=reason,
                expected=is_expected,
                restart_s=pause_s,
            )
        )
        self._selector.unregister(child.connection)
        for stream in child.outputs:
            if stream in self._selector.get_map():
                self._selector.unregister(stream)
        seat.child = None
        child.close()

    def _free(self, child: Child, *, blame: bool, reason: str) -> None:
        if self._keeper is None:
            return
        started = {mark.job_id: mark.revision for mark in child.marks.read()}
        settlements = [
            Settlement(mark.job_id, child.worker_id, mark.revision, _timed_out(mark))
            for mark in child.timed_out
        ]
        self._keeper.recover(
            child.worker_id, started, blame=blame, reason=reason, settle_first=settlements
        )

    def _plan_successor(self, seat: Seat, child: Child) -> float | None:
        """Return the pause before a successor starts; none after a death that came from outside."""
        if self._stopping.is_asked:
            return None
        if child.end_reason is not None or not child.failed_by_itself:
            seat.failures, seat.start_at = 0, 0.0
            return 0.0
        if self._reloader and not child.is_ready:
            # Somebody is at work on the app: the error is on the screen, and more tries are noise.
            seat.start_at = math.inf
            self._report(Trouble(what="The app cannot be loaded; the next save tries again."))
            return None
        seat.failures += 1
        pause_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** (seat.failures - 1))
        seat.start_at = time.monotonic() + pause_s
        if not child.is_ready and all(seat.failures >= START_FAILURES for seat in self._seats):
            what = f"No worker could start in {START_FAILURES} attempts; giving up."
            self._report(Trouble(what=what))
            self._exit_code = 1
            self._stopping.ask("no worker can start")
        return pause_s

    # --- stopping -------------------------------------------------------------------------------

    def _tell_to_stop(self) -> None:
        if not self._was_told_to_stop:
            self._was_told_to_stop = True
            reason = self._stopping.reason or ""
            self._report(StopAsked(reason=reason, grace_s=self._settings.grace_s))
            for child in self._children():
                child.ask_to_leave(reason, self._deadline())
        elif self._stopping.is_urgent:
            for child in self._children():
                if not child.urged:
                    child.urged = True
                    child.ask_to_leave("stopped at once", time.monotonic() + URGENT_S)

    def _end(self) -> None:
        for child in self._children():  # only after an error of our own
            child.kill("the supervisor ends")
            child.process.wait()
        if self._reloader:
            self._reloader.stop()
        if self._keeper:
            self._keeper.stop(LEAVE_S)
        self._selector.close()
        self._woken.close()
        self._waker.close()


def _timed_out(mark: Mark) -> Outcome:
    """Settle a step that ran past its time-out by its own retry policy, which its mark carries."""
    message = (
        f'Step "{mark.step}" ran past its time-out and did not yield; its worker was replaced.'
    )
    error = JobError(type="StepTimeout", message=message, step_name=mark.step).to_json()
    if mark.timeout_pause_s == NO_RETRY:
        return Failed(error)
    return Retried(error, mark.timeout_pause_s)
