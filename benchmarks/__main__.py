"""Measure Ergate beside its peers, in one interleaved run, and print a table.

    make bench                                  # all of it, about five minutes
    make bench ARGS="--jobs 1000 --rounds 1"    # a quick look

Each round measures every contestant once, so that whatever else the machine does hits all alike.
The figures are medians over the rounds; ratios are against the fastest peer of the same line.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import statistics
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.contestants import (
    Contestant,
    ErgateInMemory,
    ErgateOnSqlite,
    Figures,
    HueyOnSqlite,
)

CONTESTANTS: tuple[Contestant | ErgateInMemory, ...] = (
    ErgateOnSqlite(),
    ErgateOnSqlite("normal"),
    HueyOnSqlite(fsync=True),
    HueyOnSqlite(fsync=False),
    ErgateInMemory(),
)
Key = tuple[str, int, int]
"""Name, processes, steps per job."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-jobs", type=int, default=100)
    arguments = parser.parse_args()
    print(_machine())
    found: dict[Key, list[Figures]] = defaultdict(list)
    for _ in range(arguments.rounds):
        _round(found, arguments.jobs)
    _print_rates(found)
    _print_latency(arguments.latency_jobs)


def _round(found: dict[Key, list[Figures]], jobs: int) -> None:
    for processes in (1, 2):
        for steps in (1, 3):
            for contestant in CONTESTANTS:
                if processes > 1 and not contestant.has_processes:
                    continue
                with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
                    figures = contestant.measure(Path(directory), jobs, steps, processes)
                found[contestant.name, processes, steps].append(figures)


def _print_rates(found: dict[Key, list[Figures]]) -> None:
    print(
        "\n| who | processes | steps per job | jobs handed in per s | steps per s | x Huey full |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for (name, processes, steps), rounds in found.items():
        peer = found[HueyOnSqlite(fsync=True).name, processes, steps]
        pairs = zip(rounds, peer, strict=True)
        ratio = statistics.median(ours.steps_per_s / theirs.steps_per_s for ours, theirs in pairs)
        enqueued = statistics.median(figures.enqueued_per_s for figures in rounds)
        ran = statistics.median(figures.steps_per_s for figures in rounds)
        print(f"| {name} | {processes} | {steps} | {enqueued:,.0f} | {ran:,.0f} | {ratio:.2f} |")


def _print_latency(jobs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ergate-bench-") as directory:
        median, worst = ErgateOnSqlite().latency_ms(Path(directory), jobs)
    print("\nFrom enqueue to the step's first line in an idle worker, SQLite full:")
    print(f"p50 {median:.1f} ms, p99 {worst:.1f} ms over {jobs} jobs")


def _machine() -> str:
    parts = [
        f"{os.cpu_count()} cores",
        platform.platform(terse=True),
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{name} {version(name)}" for name in ("ergate", "huey", "pydantic")),
    ]
    return " · ".join(parts)


if __name__ == "__main__":
    main()
