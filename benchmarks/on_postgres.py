"""Measure Ergate beside PgQueuer on one Postgres server, in one interleaved run.

    python -m benchmarks.on_postgres                          # about five minutes
    python -m benchmarks.on_postgres --jobs 2000 --rounds 1   # a quick look

The server has Debian's settings: every commit is on disk. It is on core 0 and all else on the
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

import psycopg

from benchmarks.contestants import Contestant, ErgateOnSqlite, Figures, _run, _running
from ergate.testing.servers.postgres import PostgresServer

Found = dict[tuple[str, int, int], list[Figures]]


class ErgateOnPostgres(ErgateOnSqlite):
    """Ergate with queue and state in Postgres."""

    def __init__(self, server: PostgresServer) -> None:
        self.name = "ergate postgres"
        self._url = server.url
        self._observer = psycopg.connect(server.url, autocommit=True)

    def environment(self, directory: Path) -> dict[str, str]:
        return {"ERGATE_QUEUE": self._url}

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Measure on a fresh schema."""
        self._observer.execute("DROP SCHEMA IF EXISTS ergate CASCADE")
        return super().measure(directory, jobs, steps, processes)

    def done(self, directory: Path) -> int:
        query = "SELECT count(*) FROM ergate.history WHERE event = 'applied'"
        row = self._observer.execute(query).fetchone()
        return int(row[0]) if row else 0


class PgQueuerOnPostgres(Contestant):
    """PgQueuer on asyncpg; each process runs as many functions at a time as it takes."""

    kind = "pgqueuer"

    def __init__(self, server: PostgresServer) -> None:
        self.name = "pgqueuer postgres"
        self._url = server.url

    def environment(self, directory: Path) -> dict[str, str]:
        return {}

    def worker(self, processes: int) -> list[str]:
        raise NotImplementedError("each process is started by itself")

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Hand in and run, with one command per process."""
        module = "benchmarks.pgqueuer_workload"
        order = [module, "enqueue", self._url, str(jobs), str(steps)]
        enqueued_per_s = float(_run(order, dict(os.environ)))
        with ExitStack() as stack:
            for number in range(processes):
                file = directory / f"{number}.count"
                command = [sys.executable, "-m", module, "work", self._url, str(file)]
                stack.enter_context(_running(command, dict(os.environ)))
            return Figures(enqueued_per_s, self._watch(directory, jobs * steps))

    def done(self, directory: Path) -> int:
        return sum(int(file.read_text() or 0) for file in directory.glob("*.count"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.on_postgres", description=__doc__)
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-jobs", type=int, default=100)
    arguments = parser.parse_args()
    names = ("ergate", "pgqueuer", "psycopg", "asyncpg")
    print(f"{os.cpu_count()} cores · " + " · ".join(f"{name} {version(name)}" for name in names))
    with _server() as server:
        ergate, peer = ErgateOnPostgres(server), PgQueuerOnPostgres(server)
        found: Found = defaultdict(list)
        for _ in range(arguments.rounds):
            for processes, steps in ((1, 1), (1, 3), (2, 1), (2, 3)):
                for one in (ergate, peer):
                    with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
                        figures = one.measure(Path(directory), arguments.jobs, steps, processes)
                    found[one.name, processes, steps].append(figures)
        _print(found, peer.name)
        with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
            times = ergate.latency_ms(Path(directory), arguments.latency_jobs)
        print(f"\nFrom enqueue to start, idle worker: p50 {times[0]:.1f} ms, p99 {times[1]:.1f} ms")


@contextmanager
def _server() -> Iterator[PostgresServer]:
    with PostgresServer(Path("data")) as server:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 2:
            os.sched_setaffinity(server.pid, cores[:1])
            os.sched_setaffinity(0, cores[1:])
        yield server


def _print(found: Found, peer: str) -> None:
    print("\n| who | processes | steps per job | handed in per s | steps per s | x PgQueuer |")
    print("|---|---:|---:|---:|---:|---:|")
    for (name, processes, steps), rounds in found.items():
        pairs = zip(rounds, found[peer, processes, steps], strict=True)
        ratio = statistics.median(ours.steps_per_s / theirs.steps_per_s for ours, theirs in pairs)
        enqueued = statistics.median(figures.enqueued_per_s for figures in rounds)
        ran = statistics.median(figures.steps_per_s for figures in rounds)
        print(f"| {name} | {processes} | {steps} | {enqueued:,.0f} | {ran:,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
