"""The app whose jobs move: a step that leaves one line behind, and nothing else."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated

from ergate import CurrentJob, Ergate, Job, Workflow

app = Ergate()
tally = Workflow("tally")


@cache
def _log() -> int:
    """Open the log of side effects once per process; lines of several never mix."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.open(Path(os.environ["CRASH_DIR"]) / "effects.log", flags, 0o600)


@tally.step
def note(n: int, job: Annotated[Job, CurrentJob()]) -> int:
    """Leave a line."""
    os.write(_log(), f"run {job.idempotency_key} {os.getpid()} 0\n".encode())
    return n


app.register_workflow(tally)
