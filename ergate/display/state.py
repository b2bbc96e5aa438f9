"""What a run looks like right now: events go in, facts to draw come out. Nothing here draws."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ergate.display.measures import Histogram, PerSecond
from ergate.worker import events as ev

KEPT_FAILURES = 5
KEPT_TROUBLES = 5
SILENT_AFTER_S = 5.0
"""A worker gives a sign of life about once a second."""

COUNTED = frozenset(
    {"advanced", "deferred", "completed", "retried", "failed", "aborted", "cancelled"}
)
"""Outcomes of steps that ran and whose outcome counts; the rest never started or came too late."""


@dataclass(slots=True)
class WorkerView:
    """One worker process, or the place of one that ended."""

    number: int
    worker_id: str
    pid: int
    state: str = "starting"
    """starting, ready, leaving, waiting (for its successor) or gone"""
    seen_at: float = 0.0
    steps: tuple[tuple[str, str, str, float], ...] = ()
    """(job id, workflow, step, seconds) as of `steps_at`."""
    steps_at: float = 0.0
    in_hand: int = 0
    settled: int = 0
    """Steps settled by all processes that had this number."""
    failed: int = 0
    deaths: int = 0
    note: str = ""
    restart_at: float | None = None

    def state_at(self, now: float) -> str:
        """Return one word: also busy, idle and silent, which depend on the time `now`."""
        if self.state != "ready":
            return self.state
        if now - self.seen_at > SILENT_AFTER_S:
            return "silent"
        return "busy" if self.steps else "idle"


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that failed, in one line."""

    at: float
    job_id: str
    workflow: str
    step: str
    error: str


@dataclass(slots=True)
class View:
    """Everything that a display shows. Not thread safe: whoever shares it holds a lock."""

    run: ev.RunStarted | None = None
    workers: dict[int, WorkerView] = field(default_factory=dict)
    queues: tuple[tuple[str, int, int, int, float | None], ...] = ()
    queues_at: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    run_times: Histogram = field(default_factory=Histogram)
    per_second: PerSecond = field(default_factory=PerSecond)
    failures: deque[Failure] = field(default_factory=lambda: deque(maxlen=KEPT_FAILURES))
    troubles: deque[ev.Trouble] = field(default_factory=lambda: deque(maxlen=KEPT_TROUBLES))
    deaths: int = 0
    recovered: int = 0
    recovered_failed: int = 0
    stopping: ev.Stopping | None = None
    ended: ev.RunEnded | None = None
    first_at: float | None = None
    last_at: float = 0.0
    numbers: dict[str, int] = field(default_factory=dict)
    """The number of each living worker by its id."""

    @property
    def steps(self) -> int:
        """How many runs of steps had an outcome that counts."""
        return sum(self.outcomes[outcome] for outcome in COUNTED)

    @property
    def jobs_failed(self) -> int:
        """Jobs that failed, by an exception or because their workers died."""
        return self.outcomes["failed"] + self.recovered_failed

    @property
    def jobs_ended(self) -> int:
        """Jobs that came to any end in this run."""
        return sum(self.outcomes[name] for name in ev.ENDINGS) + self.recovered_failed

    @property
    def elapsed_s(self) -> float:
        """Seconds from the first event to the last."""
        return 0.0 if self.first_at is None else max(0.0, self.last_at - self.first_at)

    def worker(self, worker_id: str) -> WorkerView | None:
        """Return the worker with this id while it lives."""
        number = self.numbers.get(worker_id)
        return None if number is None else self.workers[number]


def apply(view: View, event: ev.Event) -> None:
    """Change `view` to what is true after `event`."""
    if view.first_at is None:
        view.first_at = event.at
    view.last_at = max(view.last_at, event.at)
    act = _ACTS.get(type(event))
    if act is not None:
        act(view, event)


# --- steps ----------------------------------------------------------------------------------------


def _steps_ended(view: View, event: ev.StepsEnded) -> None:
    for step in event.steps:
        _step_ended(view, step)


def _step_ended(view: View, step: ev.StepEnded) -> None:
    view.outcomes[step.outcome] += 1
    if step.outcome not in COUNTED:
        return
    view.run_times.add(step.run_s)
    view.per_second.add(step.at)
    worker = view.worker(step.worker_id)
    if worker is not None:
        worker.settled += 1
        worker.failed += step.outcome == "failed"
    if step.outcome == "failed":
        failure = Failure(step.at, step.job_id, step.workflow, step.step, step.error or "")
        view.failures.append(failure)


# --- workers --------------------------------------------------------------------------------------


def _worker_started(view: View, event: ev.WorkerStarted) -> None:
    before = view.workers.get(event.number)
    after = WorkerView(event.number, event.worker_id, event.pid, seen_at=event.at)
    if before is not None:
        view.numbers.pop(before.worker_id, None)
        after.settled, after.failed, after.deaths = before.settled, before.failed, before.deaths
    view.workers[event.number] = after
    view.numbers[event.worker_id] = event.number


def _worker_ready(view: View, event: ev.WorkerReady) -> None:
    worker = view.worker(event.worker_id)
    if worker is not None:
        worker.state, worker.pid, worker.seen_at = "ready", event.pid, event.at


def _worker_tick(view: View, event: ev.WorkerTick) -> None:
    worker = view.worker(event.worker_id)
    if worker is not None:
        worker.in_hand, worker.seen_at = event.in_hand, event.at


def _worker_left(view: View, event: ev.WorkerLeft) -> None:
    worker = view.worker(event.worker_id)
    if worker is not None:
        worker.state, worker.note, worker.steps = "leaving", event.reason, ()


def _worker_dead(view: View, event: ev.WorkerDead) -> None:
    view.deaths += not event.expected
    worker = view.workers.get(event.number)
    if worker is None or worker.worker_id != event.worker_id:
        return  # its successor is already there
    view.numbers.pop(event.worker_id, None)
    worker.deaths += not event.expected
    worker.steps, worker.in_hand, worker.note = (), 0, event.reason
    worker.state = "gone" if event.restart_s is None else "waiting"
    worker.restart_at = None if event.restart_s is None else event.at + event.restart_s


def _running(view: View, event: ev.Running) -> None:
    worker = view.worker(event.worker_id)
    if worker is not None:
        worker.steps, worker.steps_at = event.steps, event.at


# --- the run --------------------------------------------------------------------------------------


def _run_started(view: View, event: ev.RunStarted) -> None:
    view.run = event


def _queues_seen(view: View, event: ev.QueuesSeen) -> None:
    view.queues, view.queues_at = event.queues, event.at


def _trouble(view: View, event: ev.Trouble) -> None:
    # The end of a trouble is told in other words than its beginning: they share the worker.
    same = [t for t in view.troubles if t.worker_id == event.worker_id]
    if event.is_over:
        for trouble in same:
            view.troubles.remove(trouble)
    elif all(trouble.what != event.what for trouble in same):
        view.troubles.append(event)


def _recovered(view: View, event: ev.JobsRecovered) -> None:
    view.recovered += event.recovered
    view.recovered_failed += event.failed


def _stopping(view: View, event: ev.Stopping) -> None:
    view.stopping = event


def _run_ended(view: View, event: ev.RunEnded) -> None:
    view.ended = event


_ACTS: Mapping[type[ev.Event], Callable[[View, Any], None]] = {
    ev.StepsEnded: _steps_ended,
    ev.StepEnded: _step_ended,
    ev.WorkerStarted: _worker_started,
    ev.WorkerReady: _worker_ready,
    ev.WorkerTick: _worker_tick,
    ev.WorkerLeft: _worker_left,
    ev.WorkerDead: _worker_dead,
    ev.Running: _running,
    ev.RunStarted: _run_started,
    ev.QueuesSeen: _queues_seen,
    ev.Trouble: _trouble,
    ev.JobsRecovered: _recovered,
    ev.Stopping: _stopping,
    ev.RunEnded: _run_ended,
}
