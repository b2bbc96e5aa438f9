"""What each event is called, how much it matters, and its sentence: the one place for words.

A warning says what happens now, and what follows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ergate.display.figures import counted, span
from ergate.worker import events as ev

DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR
LEVEL_NAMES: Mapping[int, str] = {
    DEBUG: "debug",
    INFO: "info",
    WARNING: "warning",
    ERROR: "error",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One event in words; nothing in it is escaped yet."""

    at: float
    level: int
    name: str
    """The same for all events of a kind, for programs to look for."""
    message: str
    fields: Mapping[str, Any]
    """Plain values; never named timestamp, level, event or message, which each line has."""


def level_number(name: str) -> int:
    """Return the number of the level called `name`: debug, info, warning or error."""
    return {text: number for number, text in LEVEL_NAMES.items()}[name.lower()]


def said(event: ev.Event, at_least: int = DEBUG) -> Iterator[Said]:
    """Yield what is to be said about `event`, leaving out what matters less than `at_least`.

    The level is found before anything is worded, so that what is left out costs next to nothing.
    """
    if isinstance(event, ev.StepsEnded):
        for step in event.steps:
            if STEP_LEVELS.get(step.outcome, WARNING) >= at_least:
                yield _step(step)
        return
    if isinstance(event, ev.StepEnded):
        if STEP_LEVELS.get(event.outcome, WARNING) >= at_least:
            yield _step(event)
        return
    level = _level(event)
    word = _WORDS.get(type(event))
    if word is not None and level >= at_least:
        name, message, fields = word(event)
        yield Said(event.at, level, name, message, fields)


# --- how much it matters --------------------------------------------------------------------------

STEP_LEVELS: Mapping[str, int] = {
    "advanced": DEBUG,
    "deferred": DEBUG,
    "released": DEBUG,
    "completed": INFO,
    "cancelled": INFO,
    "aborted": WARNING,
    "retried": WARNING,
    "unroutable": WARNING,
    "lease_lost": WARNING,
    "failed": ERROR,
}

_LEVELS: Mapping[type[ev.Event], int] = {
    ev.WorkerTick: DEBUG,
    ev.Running: DEBUG,
    ev.QueuesSeen: DEBUG,
    ev.BecameDue: DEBUG,
    ev.WorkerStarted: DEBUG,
}


def _level(event: ev.Event) -> int:
    match event:
        case ev.Trouble(is_over=over):
            return INFO if over else WARNING
        case ev.WorkerDead(expected=expected):
            return INFO if expected else WARNING
        case ev.JobsRecovered(failed=failed):
            return ERROR if failed else WARNING
        case ev.RunEnded(exit_code=code):
            return ERROR if code else INFO
        case _:
            return _LEVELS.get(type(event), INFO)


# --- steps ----------------------------------------------------------------------------------------

_STEP_MESSAGES: Mapping[str, str] = {
    "advanced": "Step done",
    "completed": "Job completed",
    "cancelled": "Job cancelled, as was asked",
    "aborted": "Job aborted by its step; it will not run again",
    "released": "Step given back before it started",
    "lease_lost": (
        "Result dropped: the worker's lease had ended and the job moved on without it; "
        "another worker runs the step"
    ),
    "failed": "Job failed; run it again with `ergate jobs retry`",
}


def _step(step: ev.StepEnded) -> Said:
    fields: dict[str, Any] = {
        "job_id": step.job_id,
        "workflow": step.workflow,
        "step": step.step,
        "seq": step.seq,
        "attempt": step.attempt,
        "run_s": round(step.run_s, 6),
        "wait_s": round(step.wait_s, 6),
        "worker_id": step.worker_id,
    }
    if step.error is not None:
        fields = {"error": step.error} | fields
    if step.pause_s is not None:
        fields["pause_s"] = round(step.pause_s, 3)
    level = STEP_LEVELS.get(step.outcome, WARNING)
    name = f"job_{step.outcome}" if step.outcome in ev.ENDINGS else f"step_{step.outcome}"
    return Said(step.at, level, name, _step_message(step), fields)


def _step_message(step: ev.StepEnded) -> str:
    pause = span(step.pause_s or 0.0)
    if step.outcome == "deferred":
        return f"Step done; the next one waits {pause}"
    if step.outcome == "retried":
        return f"Step failed and runs again in {pause}"
    if step.outcome == "unroutable":
        return (
            f"No such workflow or step here: given back, offered again in {pause}; "
            "start a worker whose app has it"
        )
    return _STEP_MESSAGES.get(step.outcome, f"Step ended as {step.outcome}")


# --- workers and the run --------------------------------------------------------------------------

_Words = tuple[str, str, dict[str, Any]]


def _trouble(event: ev.Trouble) -> _Words:
    fields = {} if event.worker_id is None else {"worker_id": event.worker_id}
    return ("trouble_over" if event.is_over else "trouble", event.what, fields)


def _worker_dead(event: ev.WorkerDead) -> _Words:
    if event.restart_s is None:
        follows = "it gets no successor"
    elif event.restart_s <= 0:
        follows = "a new one starts now"
    else:
        follows = f"a new one starts in {span(event.restart_s)}"
    if not event.expected:
        follows = f"its jobs go back to their queues and {follows}"
    fields = {
        "reason": event.reason,
        "worker_id": event.worker_id,
        "number": event.number,
        "pid": event.pid,
        "restart_s": event.restart_s,
    }
    ended = "ended" if event.expected else "died"
    name = "worker_ended" if event.expected else "worker_died"
    return name, f"Worker {event.number} {ended} ({event.reason}); {follows}", fields


def _recovered(event: ev.JobsRecovered) -> _Words:
    parts = []
    if event.recovered or not event.failed:
        verb = "is" if event.recovered == 1 else "are"
        parts.append(f"{counted(event.recovered, 'job')} of a dead worker {verb} queued again")
    if event.failed:
        parts.append(f"{counted(event.failed, 'job')} failed for good: too many deaths in one step")
    fields = {
        "recovered": event.recovered,
        "failed": event.failed,
        "reason": event.reason,
        "worker_id": event.worker_id,
    }
    return "jobs_recovered", "; ".join(parts), fields


def _run_started(event: ev.RunStarted) -> _Words:
    fields = {
        "queue": event.queue,
        "state_store": event.state_store,
        "broker": event.broker,
        "survives": event.level,
        "promise": event.promise,
        "processes": event.processes,
        "concurrency": event.concurrency,
        "queues": list(event.queues),
        "workflows": list(event.workflows),
    } | ({"publish_to": list(event.publish_to)} if event.publish_to else {})
    processes = counted(event.processes, "process", "processes")
    slots = counted(event.concurrency, "step")
    return "run_started", f"Started {processes} for {slots} at a time each", fields


def _stopping(event: ev.Stopping) -> _Words:
    message = f"Stopping ({event.reason}); running steps have {span(event.grace_s)} to end"
    return "stopping", message, {"reason": event.reason, "grace_s": event.grace_s}


def _worker_started(event: ev.WorkerStarted) -> _Words:
    fields = {"worker_id": event.worker_id, "number": event.number, "pid": event.pid}
    return "worker_started", f"Worker {event.number} starts", fields


def _running(event: ev.Running) -> _Words:
    names = ("job_id", "workflow", "step", "for_s")
    steps = [dict(zip(names, step, strict=True)) for step in event.steps]
    fields = {"worker_id": event.worker_id, "steps": steps}
    return "running", f"{counted(len(event.steps), 'step')} running", fields


def _queues_seen(event: ev.QueuesSeen) -> _Words:
    names = ("queue", "ready", "scheduled", "running", "oldest_s")
    rows = [dict(zip(names, row, strict=True)) for row in event.queues]
    return "queues", f"{counted(len(rows), 'queue')} in use", {"queues": rows}


def _reloading(event: ev.Reloading) -> _Words:
    message = f"{counted(len(event.files), 'file')} changed; workers load the app again"
    return "reloading", message, {"files": list(event.files)}


def _run_ended(event: ev.RunEnded) -> _Words:
    return "run_ended", "Stopped", {"exit_code": event.exit_code}


_WORDS: Mapping[type[ev.Event], Callable[[Any], _Words]] = {
    ev.Trouble: _trouble,
    ev.WorkerDead: _worker_dead,
    ev.JobsRecovered: _recovered,
    ev.RunStarted: _run_started,
    ev.Stopping: _stopping,
    ev.WorkerStarted: _worker_started,
    ev.WorkerReady: lambda e: (
        "worker_ready",
        "Worker ready",
        {"worker_id": e.worker_id, "pid": e.pid},
    ),
    ev.WorkerLeft: lambda e: (
        "worker_left",
        f"Worker leaves ({e.reason}), with everything settled",
        {"reason": e.reason, "worker_id": e.worker_id},
    ),
    ev.WorkerTick: lambda e: (
        "worker_tick",
        "Worker is alive",
        {"worker_id": e.worker_id, "in_hand": e.in_hand},
    ),
    ev.BecameDue: lambda e: ("jobs_due", f"{counted(e.jobs, 'job')} came due", {"jobs": e.jobs}),
    ev.Running: _running,
    ev.QueuesSeen: _queues_seen,
    ev.Output: lambda e: ("output", e.text, {"worker_id": e.worker_id}),
    ev.Reloading: _reloading,
    ev.RunEnded: _run_ended,
}
