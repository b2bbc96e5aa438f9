"""Events with plausible values, and one of every kind with any text, for the display's tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ergate.worker import events as ev

AT = 1_760_000_000.0
HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold red]line\r\n\u202eend\x9b\ud800"


def step(outcome: str = "advanced", **values: Any) -> ev.StepEnded:
    """Return a step that ended as `outcome`."""
    defaults: dict[str, Any] = {
        "at": AT,
        "worker_id": "w0",
        "job_id": "job-1",
        "workflow": "order",
        "step": "charge",
        "seq": 0,
        "attempt": 1,
        "run_s": 0.01,
        "wait_s": 0.002,
    }
    return ev.StepEnded(**(defaults | {"outcome": outcome} | values))


def run_started(**values: Any) -> ev.RunStarted:
    """Return the first event of a run."""
    defaults: dict[str, Any] = {
        "at": AT,
        "queue": "sqlite:///a.db",
        "state_store": "sqlite:///a.db",
        "broker": "native",
        "level": "L2 (survives power loss)",
        "promise": "no accepted job is lost",
        "processes": 2,
        "concurrency": 4,
        "queues": ("default",),
        "workflows": ("order",),
    }
    return ev.RunStarted(**(defaults | values))


def worker_started(number: int = 0, **values: Any) -> ev.WorkerStarted:
    """Return the start of worker `number`, with the id `w<number>`."""
    defaults: dict[str, Any] = {"at": AT, "worker_id": f"w{number}", "pid": 100 + number}
    return ev.WorkerStarted(**(defaults | {"number": number} | values))


def worker_dead(number: int = 0, **values: Any) -> ev.WorkerDead:
    """Return the unexpected death of worker `number`."""
    defaults: dict[str, Any] = {
        "at": AT,
        "worker_id": f"w{number}",
        "pid": 100 + number,
        "reason": "killed by SIGKILL",
        "expected": False,
        "restart_s": 2.0,
    }
    return ev.WorkerDead(**(defaults | {"number": number} | values))


def every_kind(text: str) -> list[ev.Event]:
    """Return an event of every kind, with `text` wherever a text stands."""
    outcomes = ("advanced", "completed", "retried", "failed", "aborted", "unroutable", text)
    told = {"job_id": text, "workflow": text, "step": text, "error": text, "pause_s": 1.0}
    return [
        run_started(
            queue=text,
            state_store="b",
            level=text,
            promise=text,
            workflows=(text,),
            publish_to=(text,),
        ),
        worker_started(),
        worker_started(1),
        ev.WorkerReady(at=AT, worker_id="w0", pid=100),
        ev.WorkerTick(at=AT, worker_id="w0", in_hand=3),
        ev.Running(at=AT, worker_id="w0", steps=((text, text, text, 1.0), ("b", "c", "d", 2.0))),
        ev.StepsEnded(at=AT, steps=tuple(step(outcome, **told) for outcome in outcomes)),
        step("failed", **told),
        ev.QueuesSeen(at=AT, queues=((text, 1, 2, 3, 4.0), ("b", 0, 0, 0, None))),
        ev.Trouble(at=AT, what=text, worker_id="w0"),
        ev.Trouble(at=AT, what=text, worker_id="w1", is_over=True),
        worker_dead(1, reason=text),
        ev.JobsRecovered(at=AT, worker_id="w1", recovered=1, failed=1, reason=text),
        ev.BecameDue(at=AT, jobs=2),
        ev.Output(at=AT, worker_id="w0", text=text),
        ev.Reloading(at=AT, files=(text,)),
        ev.WorkerLeft(at=AT, worker_id="w0", reason=text),
        ev.Stopping(at=AT, reason=text, grace_s=25),
        ev.RunEnded(at=AT, exit_code=1),
    ]


any_text = st.one_of(
    st.text(), st.text(st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp"))), st.just(HOSTILE)
)


def unprintable(text: str) -> str:
    """Return what of `text` is neither printable nor the end of a line."""
    return "".join(c for c in text if not c.isprintable() and c != "\n")
