"""What workers and supervisors tell: plain values, worded and drawn in `ergate.display`.

Times (`at`) are seconds since 1970-01-01 UTC; durations are seconds.
A worker process sends its events to its supervisor as lines of JSON: see `to_line`, `from_line`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

ENDINGS = frozenset({"completed", "failed", "aborted", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base of everything that is told."""

    at: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded(Event):
    """One run of a step was settled."""

    worker_id: str
    job_id: str
    workflow: str
    step: str
    seq: int
    attempt: int
    """The number of this run among the tries of the step, from 1."""
    outcome: str
    """advanced, completed, retried, failed, aborted, cancelled, released, unroutable, lease_lost"""
    run_s: float
    wait_s: float
    """From when the step became runnable to its claim."""
    error: str | None = None
    """One line: type and message."""
    pause_s: float | None = None
    """After `retried` and `unroutable`: until the next try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsEnded(Event):
    """A batch of steps that were settled together; each is a `StepEnded`."""

    steps: tuple[StepEnded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReady(Event):
    """A worker process has loaded the app and starts to claim."""

    worker_id: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTick(Event):
    """A sign of life, about once a second."""

    worker_id: str
    in_hand: int
    """Claims that have not ended: running and prefetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLeft(Event):
    """A worker process ends by its own will, with everything settled."""

    worker_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble(Event):
    """Something failed and is being tried again, or was given up; workers go on."""

    what: str
    """A sentence for a person, with what happens next."""
    worker_id: str | None = None
    is_over: bool = False
    """Whether this tells the end of a trouble told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """`ergate run` or `app.run()` begins."""

    queue: str
    """Masked."""
    state_store: str
    """Masked."""
    broker: str
    """native, relayed or direct"""
    level: str
    promise: str
    processes: int
    concurrency: int
    queues: tuple[str, ...]
    workflows: tuple[str, ...]
    publish_to: tuple[str, ...] = ()
    """Where events go; masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted(Event):
    """The supervisor started a worker process."""

    worker_id: str
    number: int
    """Which of the processes it is, from 0; its successor has the same number."""
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDead(Event):
    """A worker process ended; its successor starts after `restart_s`, with None there is none."""

    worker_id: str
    number: int
    pid: int
    reason: str
    """killed by SIGKILL, exited with status 3, replaced: …"""
    expected: bool
    restart_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsRecovered(Event):
    """Jobs of a dead worker were put back, or failed for good."""

    worker_id: str
    recovered: int
    failed: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BecameDue(Event):
    """Scheduled jobs came due and were made ready."""

    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(Event):
    """What one worker's slots run right now: (job id, workflow, step, seconds)."""

    worker_id: str
    steps: tuple[tuple[str, str, str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesSeen(Event):
    """What waits: (queue, ready, scheduled, running, age of the oldest ready one or None)."""

    queues: tuple[tuple[str, int, int, int, float | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Event):
    """A line that a step printed, while a live display has the terminal."""

    worker_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping(Event):
    """A stop was asked for; running steps may end within `grace_s`."""

    reason: str
    grace_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloading(Event):
    """Files changed: workers are replaced by ones that load the app again."""

    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """The last event of a run."""

    exit_code: int


_FROM_WORKERS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (StepsEnded, WorkerReady, WorkerTick, WorkerLeft, Trouble)
}


def to_line(event: Event) -> bytes:
    """Return a worker's event as one line of JSON."""
    if isinstance(event, StepsEnded):
        steps = [tuple(getattr(step, name) for name in _STEP) for step in event.steps]
        return json.dumps(["StepsEnded", {"at": event.at, "steps": steps}]).encode() + b"\n"
    return json.dumps([type(event).__name__, asdict(event)]).encode() + b"\n"


def from_line(line: bytes) -> Event:
    """Read what `to_line` wrote. Raises `ValueError` for anything else."""
    kind, values = json.loads(line)
    if kind == "StepsEnded":
        steps = tuple(StepEnded(**dict(zip(_STEP, step, strict=True))) for step in values["steps"])
        return StepsEnded(at=values["at"], steps=steps)
    if kind not in _FROM_WORKERS:
        raise ValueError(f"no worker tells {kind!r}")
    return _FROM_WORKERS[kind](**values)


_STEP: Sequence[str] = tuple(StepEnded.__dataclass_fields__)
