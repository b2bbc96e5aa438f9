"""Steps that say when they ran, and one that takes as long as it is told."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

from ergate import CurrentJob, Ergate, Job, Workflow

app = Ergate()
Current = Annotated[Job, CurrentJob()]

quick = Workflow("quick")
slow = Workflow("slow")


def note(job: Job) -> None:
    """Append one line to the log of side effects, as the suites read it."""
    line = f"run {job.idempotency_key} {os.getpid()} {time.time()}\n"
    path = Path(os.environ["CRASH_DIR"]) / "effects.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)


@quick.step
def pass_by(n: int, job: Current) -> int:
    """Take a moment."""
    note(job)
    time.sleep(0.01)
    return n


@slow.step
def take_long(seconds: float, job: Current) -> float:
    """Take long."""
    note(job)
    time.sleep(seconds)
    return seconds


app.register_workflow(quick)
app.register_workflow(slow)
