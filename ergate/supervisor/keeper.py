"""The thread that keeps leases alive and puts back what was left behind.

It never runs a step and never draws anything, so nothing of the user's can delay a heartbeat. One
pass of each duty is a method; the loop only decides when.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from ergate.brokers.broker import Broker
from ergate.contracts.state_store import JobFilter, Swept, WorkerInfo
from ergate.errors import BackendUnavailable
from ergate.failpoints import failpoint
from ergate.jobs.events import RecoveryPolicy, Settlement
from ergate.jobs.status import JobStatus
from ergate.settings import Settings
from ergate.supervisor.errand import Errand
from ergate.supervisor.host import dead_here
from ergate.worker.events import BecameDue, JobsRecovered, QueuesSeen, Trouble
from ergate.worker.settler import Report

log = logging.getLogger("ergate")

QUEUES_S = 1.0
MANY = 10_000
"""To count so many waiting jobs is work for a store that has to look at each of them."""
LOOK_PAUSES = 20
"""So many times as long as that took nobody counts again."""
LOOK_PAUSE_MAX_S = 30.0
HOSTS_S = 5.0
PRUNE_S = 60.0
ERRAND_PAUSE_S = 0.5
BURST_HORIZON_S = 10.0
"""In burst mode, jobs that come due within this time are waited for."""

Living = Callable[[], Sequence[WorkerInfo]]
Act = Callable[[], None]


class Keeper(threading.Thread):
    """Heartbeats, sweeps, recoveries and upkeep of one supervisor."""

    def __init__(self, broker: Broker, settings: Settings, living: Living, report: Report) -> None:
        super().__init__(name="keeper", daemon=True)
        self._broker = broker
        self._settings = settings
        self._living = living
        self._report = report
        self._policy = RecoveryPolicy(max_deliveries=settings.max_deliveries)
        self._errands: queue.SimpleQueue[Errand | None] = queue.SimpleQueue()
        self._troubles: set[str] = set()
        self._renewed: float | None = None
        """When the last heartbeat succeeded, on the monotonic clock."""
        self._may_sweep_from = 0.0
        self._may_look_from = 0.0
        self._was_drained = False
        self.is_idle = False
        """In burst mode: whether nothing is left to run."""

    # --- what the supervisor asks for -----------------------------------------------------------

    def begin(self, worker: WorkerInfo, go: Act) -> None:
        """Give a new worker its lease, then call `go`: no claim may come before the lease."""

        def start() -> None:
            self._broker.store.heartbeat([worker], self._settings.lease_s)
            go()

        otherwise = f"worker {worker.worker_id} is replaced when it gave no sign of life for long"
        self._errands.put(Errand("Starting a worker", start, otherwise))

    def recover(
        self,
        worker_id: str,
        started: Mapping[str, int],
        *,
        blame: bool,
        reason: str,
        settle_first: Sequence[Settlement] = (),
    ) -> None:
        """Free the jobs of a worker that is dead; what timed out is settled by its policy first."""

        def free() -> None:
            failpoint("before_recover")
            if settle_first:
                self._broker.settle(settle_first)
            swept = self._broker.recover(
                worker_id, started, blame=blame, reason=reason, policy=self._policy
            )
            self._tell_recovered(worker_id, swept, reason)

        otherwise = f"a sweep frees what worker {worker_id} held"
        self._errands.put(Errand("Freeing a dead worker's jobs", free, otherwise))

    def stop(self, timeout_s: float) -> None:
        """Do what was asked for, and end."""
        self._errands.put(None)
        self.join(timeout_s)

    # --- the loop -------------------------------------------------------------------------------

    def run(self) -> None:
        """Do each duty at its time, and what is asked for at once."""
        duties = [
            (self._settings.heartbeat_s, self.heartbeat),
            (self._settings.sweep_s, self.sweep),
            (0.2 if self._settings.burst else QUEUES_S, self.look_at_queues),
            (HOSTS_S, self.bury_the_dead),
            (PRUNE_S, self.prune),
        ]
        due = [0.0, 0.0, 0.0, 0.0, time.monotonic() + PRUNE_S]
        while True:
            for number, (every_s, duty) in enumerate(duties):
                if time.monotonic() >= due[number]:
                    self._keep(duty)
                    due[number] = time.monotonic() + every_s
            try:
                errand = self._errands.get(timeout=max(0.0, min(due) - time.monotonic()))
            except queue.Empty:
                continue
            if errand is None:
                return
            if not self._run_errand(errand):
                time.sleep(ERRAND_PAUSE_S)
                self._errands.put(errand)

    def _keep(self, duty: Act) -> None:
        """Do a duty; whatever goes wrong, its next time comes."""
        name = getattr(duty, "__name__", repr(duty)).replace("_", " ")
        try:
            self._tried(f"The duty {name!r}", duty)
        except Exception:
            log.exception("The duty %r failed; it is done again at its next time.", name)

    def _run_errand(self, errand: Errand) -> bool:
        """Do what was asked for; return whether it is over, done or given up."""
        try:
            return self._tried(errand.what, errand.act)
        except Exception:
            log.exception(errand.failed())
            return errand.is_given_up

    def _tried(self, what: str, act: Act) -> bool:
        """Act; return whether the store could be reached. Trouble is told once."""
        try:
            act()
        except BackendUnavailable as exc:
            if what not in self._troubles:
                self._troubles.add(what)
                self._report(Trouble(what=f"{what} failed and is tried again: {exc}"))
            return False
        if what in self._troubles:
            self._troubles.discard(what)
            self._report(Trouble(what=f"{what} works again.", is_over=True))
        return True

    # --- the duties -----------------------------------------------------------------------------

    def heartbeat(self) -> None:
        """Renew the leases of all workers that show signs of life."""
        workers = self._living()
        if workers:
            self._broker.store.heartbeat(workers, self._settings.lease_s)
        now = time.monotonic()
        if self._is_overdue(now):
            # The store was away, or we were. Others had the same outage, so their leases may have
            # ended too: they get the time to renew them before anybody takes jobs from the living.
            self._may_sweep_from = now + self._settings.heartbeat_s
        self._renewed = now

    def _is_overdue(self, now: float) -> bool:
        """Whether leases may be near their end because this keeper could not renew them."""
        longest_s = (self._settings.lease_s + self._settings.heartbeat_s) / 2
        return self._renewed is not None and now - self._renewed > longest_s

    def _may_sweep(self) -> bool:
        now = time.monotonic()
        return now >= self._may_sweep_from and not self._is_overdue(now)

    def sweep(self) -> None:
        """Make due jobs ready, and free jobs of workers whose lease has ended."""
        if self._may_sweep():
            self._swept(self._broker.sweep(self._policy, self._settings.queues))

    def bury_the_dead(self) -> None:
        """Free at once the jobs of workers that died on this machine with their supervisor."""
        dead = dead_here(self._broker.store.workers())
        if dead and self._may_sweep():
            swept = self._broker.sweep(self._policy, self._settings.queues, dead_workers=dead)
            self._swept(swept)

    def look_at_queues(self) -> None:
        """Tell what waits; in burst mode, note whether anything is left.

        Does nothing for a while after a long count of many jobs.
        """
        begun = time.monotonic()
        if begun < self._may_look_from:
            return
        seen, now = self._broker.store.queues(), time.time()
        if any(stats.ready >= MANY for stats in seen):
            ended = time.monotonic()
            self._may_look_from = ended + min(LOOK_PAUSES * (ended - begun), LOOK_PAUSE_MAX_S)
        self._report(
            QueuesSeen(
                queues=tuple(
                    (
                        stats.queue,
                        stats.ready,
                        stats.scheduled,
                        stats.running,
                        None if stats.oldest_ready_at is None else now - stats.oldest_ready_at,
                    )
                    for stats in seen
                )
            )
        )
        has_jobs = any(
            stats.ready
            or stats.running
            or (stats.next_due_at is not None and stats.next_due_at < now + BURST_HORIZON_S)
            for stats in seen
            if stats.queue in self._settings.queues
        )
        self.is_idle = self._settings.burst and not has_jobs and self._is_drained()

    def _is_drained(self) -> bool:
        """Whether the external queue has been empty for two looks, and so is what came from it."""
        was_drained, self._was_drained = (
            self._was_drained,
            not self._broker.has_messages(self._settings.queues),
        )
        return self._was_drained and (was_drained or self._broker.kind == "native")

    def prune(self) -> None:
        """Delete completed jobs that are older than the retention."""
        if self._settings.retention_s is None:
            return
        before = time.time() - self._settings.retention_s
        which = JobFilter(status=JobStatus.COMPLETED, finished_before=before)
        while self._broker.store.prune(which):
            pass

    def _swept(self, swept: Swept) -> None:
        if swept.due:
            self._report(BecameDue(jobs=swept.due))
        if swept.recovered or swept.failed:
            self._tell_recovered(", ".join(swept.dead_workers), swept, "its lease had ended")

    def _tell_recovered(self, worker_id: str, swept: Swept, reason: str) -> None:
        if swept.recovered or swept.failed:
            self._report(
                JobsRecovered(
                    worker_id=worker_id,
                    recovered=swept.recovered,
                    failed=swept.failed,
                    reason=reason,
                )
            )
