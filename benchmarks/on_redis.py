"""Measure Ergate beside Huey and SAQ on one Redis server, in one interleaved run.

    python -m benchmarks.on_redis                          # about five minutes
    python -m benchmarks.on_redis --jobs 2000 --rounds 1   # a quick look

The server appends to its file and syncs it every second. It is on core 0 and all else on the
others when there are more than two cores; on two, everything shares them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from benchmarks.contestants import Contestant, ErgateOnSqlite, Figures, _run, _running
from ergate.testing.servers.redis import RedisServer


class OnRedis(Contestant):
    """A contestant whose jobs are in the server."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Measure on an empty server."""
        self.server.reset()
        return super().measure(directory, jobs, steps, processes)

    def _number(self, *words: str) -> int:
        reply = self.server.order(*words).split("\r\n")
        digits = reply[1] if reply[0].startswith("$") and len(reply) > 1 else reply[0]
        return int(digits.strip(":$+") or 0) if digits.strip(":$+").isdigit() else 0


class ErgateOnRedis(OnRedis, ErgateOnSqlite):
    """Ergate with queue and state in Redis."""

    name = "ergate redis"

    def environment(self, directory: Path) -> dict[str, str]:
        return {"ERGATE_QUEUE": self.server.url}

    def done(self, directory: Path) -> int:
        return self._number("HGET", "{ergate}:counts", "applied")


class HueyOnRedis(OnRedis):
    """Huey's Redis storage at its defaults: a list of tasks and a hash of results."""

    name = "huey redis"
    kind = "huey"

    def environment(self, directory: Path) -> dict[str, str]:
        return {"BENCH_HUEY_REDIS": self.server.url}

    def worker(self, processes: int) -> list[str]:
        consumer = Path(sys.executable).with_name("huey_consumer")
        kind = "process" if processes > 1 else "thread"
        return [
            str(consumer), "benchmarks.huey_workload.huey", "-w", str(processes), "-k", kind,
            "-q", "-n",
        ]  # fmt: skip

    def done(self, directory: Path) -> int:
        return self._number("HLEN", "huey.results.huey")


class SaqOnRedis(OnRedis):
    """SAQ at its defaults; each process runs ten functions at a time on one event loop."""

    name = "saq redis"
    kind = "saq"

    def environment(self, directory: Path) -> dict[str, str]:
        return {}

    def worker(self, processes: int) -> list[str]:
        raise NotImplementedError("each process is started by itself")

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Hand in and run, with one command per process."""
        self.server.reset()
        module = "benchmarks.saq_workload"
        order = [module, "enqueue", self.server.url, str(jobs), str(steps)]
        enqueued_per_s = float(_run(order, dict(os.environ)))
        with ExitStack() as stack:
            for number in range(processes):
                file = directory / f"{number}.count"
                command = [sys.executable, "-m", module, "work", self.server.url, str(file)]
                stack.enter_context(_running(command, dict(os.environ)))
            return Figures(enqueued_per_s, self._watch(directory, jobs * steps))

    def done(self, directory: Path) -> int:
        return sum(int(file.read_text() or 0) for file in directory.glob("*.count"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.on_redis", description=__doc__)
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-jobs", type=int, default=100)
    arguments = parser.parse_args()
    names = ("ergate", "huey", "saq", "redis", "hiredis")
    print(f"{os.cpu_count()} cores · " + " · ".join(f"{name} {version(name)}" for name in names))
    with _server() as server:
        contestants = (ErgateOnRedis(server), HueyOnRedis(server), SaqOnRedis(server))
        found: dict[tuple[str, int, int], list[Figures]] = defaultdict(list)
        for _ in range(arguments.rounds):
            for processes, steps in ((1, 1), (1, 3), (2, 1), (2, 3)):
                for one in contestants:
                    with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
                        figures = one.measure(Path(directory), arguments.jobs, steps, processes)
                    found[one.name, processes, steps].append(figures)
        _print(found)
        server.reset()
        with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
            times = contestants[0].latency_ms(Path(directory), arguments.latency_jobs)
        print(f"\nFrom enqueue to start, idle worker: p50 {times[0]:.1f} ms, p99 {times[1]:.1f} ms")


@contextmanager
def _server() -> Iterator[RedisServer]:
    with (
        tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory,
        RedisServer(Path(directory) / "redis") as server,
    ):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 2:
            os.sched_setaffinity(server.pid, cores[:1])
            os.sched_setaffinity(0, cores[1:])
        yield server


def _print(found: dict[tuple[str, int, int], list[Figures]]) -> None:
    print("\n| who | processes | steps per job | handed in per s | steps per s | x fastest peer |")
    print("|---|---:|---:|---:|---:|---:|")
    for (name, processes, steps), rounds in found.items():
        ratios = [
            ours.steps_per_s
            / max(
                peer[number].steps_per_s
                for (who, *shape), peer in found.items()
                if shape == [processes, steps] and who != ErgateOnRedis.name
            )
            for number, ours in enumerate(rounds)
        ]
        enqueued = statistics.median(figures.enqueued_per_s for figures in rounds)
        ran = statistics.median(figures.steps_per_s for figures in rounds)
        ratio = statistics.median(ratios)
        print(f"| {name} | {processes} | {steps} | {enqueued:,.0f} | {ran:,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
