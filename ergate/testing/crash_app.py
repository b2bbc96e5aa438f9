"""The app that the crash suite runs: steps that leave traces, wait on command, and kill.

Its one setting is the environment variable `CRASH_DIR`: the directory for traces and gates.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Annotated

from ergate import CurrentJob, Ergate, Job, Workflow

POLL_S = 0.005
CALM = "calm"
"""The gate that a test opens when its storm is over: from then on no step of `chain` takes long."""

app = Ergate()
Current = Annotated[Job, CurrentJob()]


def trace(job: Job, word: str) -> None:
    """Append one line to the log of side effects; lines of several processes never mix."""
    line = f"{word} {job.idempotency_key} {os.getpid()} {time.time()}\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    descriptor = os.open(Path(os.environ["CRASH_DIR"]) / "effects.log", flags, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def is_open(name: str) -> bool:
    """Return whether the test has opened a gate, that is, made a file."""
    return (Path(os.environ["CRASH_DIR"]) / f"gate-{name}").exists()


def pass_gate(name: str) -> None:
    """Wait until the test has opened a gate."""
    while not is_open(name):
        time.sleep(POLL_S)


chain = Workflow("chain")


@chain.step
def first(n: int, job: Current) -> int:
    """Take a moment, and add one."""
    return _add_one(n, job)


@chain.step
def second(n: int, job: Current) -> int:
    """Take a moment, and add one."""
    return _add_one(n, job)


@chain.step
def third(n: int, job: Current) -> int:
    """Take a moment, and add one."""
    return _add_one(n, job)


def _add_one(n: int, job: Job) -> int:
    trace(job, "run")
    if not is_open(CALM):
        time.sleep(0.008)
    return n + 1


healthy = Workflow("healthy")


@healthy.step
def live(n: int, job: Current) -> int:
    """Take a moment."""
    trace(job, "run")
    time.sleep(0.002)
    return n


poison = Workflow("poison")


@poison.step
def kill_worker(how: str, job: Current) -> None:
    """End the process that runs this step."""
    trace(job, "run")
    match how:
        case "exit 0":
            os._exit(0)
        case "exit 3":
            os._exit(3)
        case "segfault":
            ctypes.string_at(0)
        case "out of memory":
            _be_killed_for_memory()
        case _:
            raise ValueError(how)


def _be_killed_for_memory() -> None:
    """Take memory until the killer comes: here it is this process itself, at 64 MiB."""
    taken = [bytearray(2**20) for _ in range(64)]
    del taken
    os.kill(os.getpid(), signal.SIGKILL)


gated = Workflow("gated")


@gated.step
def wait(name: str, job: Current) -> str:
    """Wait at a gate."""
    trace(job, "run")
    pass_gate(name)
    trace(job, "end")
    return name


for workflow in (chain, healthy, poison, gated):
    app.register_workflow(workflow)
