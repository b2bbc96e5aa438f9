"""Made-up events, to look at the display without a run."""

from __future__ import annotations

import random
from collections.abc import Iterator

from ergate.display.state import View, apply
from ergate.worker import events as ev

_STEPS = (
    ("import_file", "hash"),
    ("import_file", "tokenise"),
    ("import_file", "index"),
    ("order", "charge"),
    ("order", "ship"),
)
_OUTCOMES = ("advanced", "completed", "retried", "failed", "aborted", "released")
_WEIGHTS = (200, 90, 6, 1, 0.3, 1)


def started(at: float, *, processes: int = 4) -> Iterator[ev.Event]:
    """Yield the events of a run's first moment."""
    yield ev.RunStarted(
        at=at,
        queue="redis://user:***@cache.internal:6379/0",
        state_store="postgresql://ergate:***@db.internal/ergate",
        broker="relayed",
        level="L2 (survives power loss)",
        promise="no accepted job is lost; each step's outcome is applied exactly once",
        processes=processes,
        concurrency=8,
        queues=("default", "mail"),
        workflows=("import_file", "order"),
    )
    for number in range(processes):
        worker_id = f"worker-{number}"
        yield ev.WorkerStarted(at=at, worker_id=worker_id, number=number, pid=41_000 + number)
        yield ev.WorkerReady(at=at, worker_id=worker_id, pid=41_000 + number)


def second(at: float, chance: random.Random, *, processes: int = 4) -> Iterator[ev.Event]:
    """Yield about what a busy second at the time `at` tells."""
    for number in range(processes):
        worker_id = f"worker-{number}"
        steps = tuple(_step(at, worker_id, chance) for _ in range(chance.randint(20, 120)))
        yield ev.StepsEnded(at=at, steps=steps)
        yield ev.WorkerTick(at=at, worker_id=worker_id, in_hand=9)
        running = tuple(
            (_job_id(chance), *chance.choice(_STEPS), chance.expovariate(0.3))
            for _ in range(chance.randint(0, 3))
        )
        yield ev.Running(at=at, worker_id=worker_id, steps=running)
    waiting = ("default", chance.randint(900, 1200), 17, 31, chance.uniform(2, 9))
    yield ev.QueuesSeen(at=at, queues=(waiting, ("mail", 0, 2, 1, None)))


def death(at: float, number: int = 1) -> Iterator[ev.Event]:
    """Yield what a worker's death tells, and a trouble."""
    worker_id = f"worker-{number}"
    reason = "killed by SIGKILL"
    yield ev.WorkerDead(
        at=at,
        worker_id=worker_id,
        number=number,
        pid=41_000 + number,
        reason=reason,
        expected=False,
        restart_s=2.0,
    )
    yield ev.JobsRecovered(at=at, worker_id=worker_id, recovered=8, failed=0, reason=reason)
    yield ev.Trouble(
        at=at, what="The queue redis://cache.internal does not answer; trying again in 4s."
    )


def demo_view(processes: int = 4) -> tuple[View, float]:
    """Return a view after a busy minute, and the time of that moment."""
    chance = random.Random(7)
    at = 1_760_000_000.0
    view = View()
    for event in started(at, processes=processes):
        apply(view, event)
    for passed in range(1, 75):
        for event in second(at + passed, chance, processes=processes):
            apply(view, event)
    for event in death(at + 75):
        apply(view, event)
    return view, at + 76


def _step(at: float, worker_id: str, chance: random.Random) -> ev.StepEnded:
    workflow, step = chance.choice(_STEPS)
    outcome = chance.choices(_OUTCOMES, _WEIGHTS)[0]
    went_wrong = outcome in ("retried", "failed", "aborted")
    return ev.StepEnded(
        at=at,
        worker_id=worker_id,
        job_id=_job_id(chance),
        workflow=workflow,
        step=step,
        seq=chance.randint(0, 2),
        attempt=1,
        outcome=outcome,
        run_s=chance.lognormvariate(-5, 1),
        wait_s=0.01,
        error="ValueError: [bold]the card\x1b[2J was declined" if went_wrong else None,
        pause_s=2.0 if outcome == "retried" else None,
    )


def _job_id(chance: random.Random) -> str:
    return f"0192f3c8-7a10-7{chance.getrandbits(12):03x}-a2b4-{chance.getrandbits(48):012x}"
