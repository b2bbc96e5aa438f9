"""Who is measured, and how: hand in all jobs first, then start workers and watch them finish."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.05
STALLED_S = 60.0
WARM_UP = 0.1
"""The share of steps that pass before the clock starts: processes start, files grow."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave."""

    enqueued_per_s: float
    steps_per_s: float


class Contestant(ABC):
    """A job system with its settings; `directory` is fresh for each run."""

    name: str

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Hand in `jobs`, run them with `processes` workers, and return the rates."""
        environment = {**os.environ, **self.environment(directory)}
        command = ["benchmarks.enqueue", self.kind, str(jobs), str(steps)]
        enqueued_per_s = float(_run(command, environment))
        with _running(self.worker(processes), environment):
            return Figures(enqueued_per_s, self._watch(directory, jobs * steps))

    def _watch(self, directory: Path, total: int) -> float:
        """Return steps per second from the end of the warm-up to the end."""
        started_at, started_with, seen, seen_at = 0.0, 0, -1, time.perf_counter()
        while True:
            done, now = self.done(directory), time.perf_counter()
            if not started_at and done >= total * WARM_UP:
                started_at, started_with = now, done
            if done >= total:
                return (done - started_with) / (now - started_at)
            if done != seen:
                seen, seen_at = done, now
            elif now - seen_at > STALLED_S:
                raise RuntimeError(f"{self.name} stands still at {done} of {total} steps")
            time.sleep(POLL_S)

    kind: str
    has_processes = True
    """Whether workers can be several processes."""

    @abstractmethod
    def environment(self, directory: Path) -> dict[str, str]:
        """Return the variables that point the processes at their files."""

    @abstractmethod
    def worker(self, processes: int) -> list[str]:
        """Return the command that runs the workers."""

    @abstractmethod
    def done(self, directory: Path) -> int:
        """Return how many steps have been finished."""


class ErgateOnSqlite(Contestant):
    """Ergate as it comes: one file, power loss survived."""

    kind = "ergate"

    def __init__(self, synchronous: str = "full") -> None:
        self.name = f"ergate sqlite {synchronous}"
        self._synchronous = synchronous

    def environment(self, directory: Path) -> dict[str, str]:
        file = directory / "ergate.db"
        return {"ERGATE_QUEUE": f"sqlite:///{file}?synchronous={self._synchronous}"}

    def worker(self, processes: int) -> list[str]:
        return [sys.executable, "-m", "benchmarks.worker", str(processes)]

    def latency_ms(self, directory: Path, jobs: int) -> tuple[float, float]:
        """Return p50 and p99 from enqueue to the first line of the step, with an idle worker."""
        environment = {**os.environ, **self.environment(directory)}
        with _running(self.worker(1), environment):
            output = _run(["benchmarks.latency", str(jobs)], environment)
        median, worst = map(float, output.split())
        return median, worst

    def done(self, directory: Path) -> int:
        return _count(
            directory / "ergate.db", "SELECT count(*) FROM history WHERE event = 'applied'"
        )


class ErgateInMemory:
    """Ergate without any store that lasts: the engine's own cost."""

    name = "ergate memory"
    has_processes = False

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Hand in and run `jobs` in one process; `processes` must be 1."""
        environment = {**os.environ, "ERGATE_QUEUE": "memory"}
        output = _run(["benchmarks.memory", str(jobs), str(steps)], environment)
        return Figures(*map(float, output.split()))


class HueyOnSqlite(Contestant):
    """Huey's SQLite storage, at its default and with a sync of every write."""

    kind = "huey"

    def __init__(self, *, fsync: bool) -> None:
        self.name = f"huey sqlite {'full' if fsync else 'default'}"
        self._fsync = fsync

    def environment(self, directory: Path) -> dict[str, str]:
        return {
            "BENCH_HUEY_FILE": str(directory / "huey.db"),
            "BENCH_HUEY_FSYNC": "1" if self._fsync else "0",
        }

    def worker(self, processes: int) -> list[str]:
        consumer = Path(sys.executable).with_name("huey_consumer")
        kind = "process" if processes > 1 else "thread"
        return [
            str(consumer), "benchmarks.huey_workload.huey", "-w", str(processes), "-k", kind,
            "-q", "-n",
        ]  # fmt: skip

    def done(self, directory: Path) -> int:
        return _count(directory / "huey.db", "SELECT count(*) FROM kv")


def _run(module: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", *module]
    ended = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return ended.stdout


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    worker = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(15)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _count(file: Path, query: str) -> int:
    connection = sqlite3.connect(file, timeout=5)
    try:
        (number,) = connection.execute(query).fetchone()
        return int(number)
    finally:
        connection.close()
