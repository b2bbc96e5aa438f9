"""Measure Ergate beside Celery and Dramatiq on one RabbitMQ server, in one interleaved run.

    python -m benchmarks.on_rabbitmq                          # about eight minutes
    python -m benchmarks.on_rabbitmq --jobs 1000 --rounds 1   # a quick look

All wait for the confirmation of what they publish, and all acknowledge late. Ergate's tickets are
in quorum queues and its jobs, with their history, in Postgres, which syncs every commit. Celery's
tasks are in quorum queues too; Dramatiq's in durable classic ones, as it makes no others. Neither
of them keeps results or a history: what is known of a task is in its message.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from benchmarks.contestants import Contestant, Figures, _run, _running
from benchmarks.counting import COUNTS, counted
from benchmarks.on_postgres import ErgateOnPostgres
from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.rabbitmq import RabbitMQServer

ERGATE = "ergate rabbitmq+postgres"


class ErgateOnRabbitMQ(ErgateOnPostgres):
    """Ergate with its queue in RabbitMQ and its state in Postgres."""

    def __init__(self, server: RabbitMQServer, state: PostgresServer) -> None:
        super().__init__(state)
        self.name = ERGATE
        self._server = server

    def environment(self, directory: Path) -> dict[str, str]:
        return {"ERGATE_QUEUE": self._server.url, "ERGATE_STATE_STORE": self._url}

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Measure with fresh queues and a fresh schema."""
        self._server.reset()
        return super().measure(directory, jobs, steps, processes)


class Peer(Contestant):
    """A peer whose tasks are in the server and whose processes count what they have run."""

    def __init__(self, server: RabbitMQServer) -> None:
        self.name = f"{self.kind} rabbitmq"
        self._server = server

    def environment(self, directory: Path) -> dict[str, str]:
        return {"BENCH_RABBITMQ": self._server.url, COUNTS: str(directory)}

    def measure(self, directory: Path, jobs: int, steps: int, processes: int) -> Figures:
        """Measure with fresh queues."""
        self._server.reset()
        environment = {**os.environ, **self.environment(directory)}
        order = [f"benchmarks.{self.kind}_workload", str(jobs), str(steps)]
        enqueued_per_s = float(_run(order, environment))
        with _running(self.worker(processes), environment):
            return Figures(enqueued_per_s, self._watch(directory, jobs * steps))

    def done(self, directory: Path) -> int:
        return counted(directory)


class CeleryOnRabbitMQ(Peer):
    """Celery with a process for each worker, its default."""

    kind = "celery"

    def worker(self, processes: int) -> list[str]:
        return [
            sys.executable, "-m", "celery", "-A", "benchmarks.celery_workload", "worker",
            "-c", str(processes), "--loglevel", "ERROR",
        ]  # fmt: skip


class DramatiqOnRabbitMQ(Peer):
    """Dramatiq with eight threads for each process, its default."""

    kind = "dramatiq"

    def worker(self, processes: int) -> list[str]:
        return [
            sys.executable, "-m", "dramatiq", "benchmarks.dramatiq_workload",
            "--processes", str(processes),
        ]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.on_rabbitmq", description=__doc__)
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-jobs", type=int, default=100)
    arguments = parser.parse_args()
    names = ("ergate", "celery", "dramatiq", "pika", "psycopg")
    print(f"{os.cpu_count()} cores · " + " · ".join(f"{name} {version(name)}" for name in names))
    with _servers() as (server, state):
        ergate = ErgateOnRabbitMQ(server, state)
        contestants = (ergate, CeleryOnRabbitMQ(server), DramatiqOnRabbitMQ(server))
        found: dict[tuple[str, int, int], list[Figures]] = defaultdict(list)
        for _ in range(arguments.rounds):
            for processes, steps in ((1, 1), (1, 3), (2, 1), (2, 3)):
                for one in contestants:
                    with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
                        figures = one.measure(Path(directory), arguments.jobs, steps, processes)
                    found[one.name, processes, steps].append(figures)
        _print(found)
        with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
            times = ergate.latency_ms(Path(directory), arguments.latency_jobs)
        print(f"\nFrom enqueue to start, idle worker: p50 {times[0]:.1f} ms, p99 {times[1]:.1f} ms")


@contextmanager
def _servers() -> Iterator[tuple[RabbitMQServer, PostgresServer]]:
    with (
        tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory,
        RabbitMQServer(Path(directory) / "rabbitmq") as server,
        PostgresServer(Path(directory) / "postgres") as state,
    ):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 2:
            for pid in (server.pid, state.pid):
                os.sched_setaffinity(pid, cores[:1])
            os.sched_setaffinity(0, cores[1:])
        yield server, state


def _print(found: dict[tuple[str, int, int], list[Figures]]) -> None:
    print("\n| who | processes | steps per job | handed in per s | steps per s | x fastest peer |")
    print("|---|---:|---:|---:|---:|---:|")
    for (name, processes, steps), rounds in found.items():
        ratios = [
            ours.steps_per_s
            / max(
                peer[number].steps_per_s
                for (who, *shape), peer in found.items()
                if shape == [processes, steps] and who != ERGATE
            )
            for number, ours in enumerate(rounds)
        ]
        enqueued = statistics.median(figures.enqueued_per_s for figures in rounds)
        ran = statistics.median(figures.steps_per_s for figures in rounds)
        ratio = statistics.median(ratios)
        print(f"| {name} | {processes} | {steps} | {enqueued:,.0f} | {ran:,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
