"""Measure how many events per second are accepted over HTTP, beside an app that only validates.

    python -m benchmarks.events                            # about three minutes
    python -m benchmarks.events --seconds 2 --rounds 1     # a quick look

Each server is one process, with the settings of `ergate serve`; the bare one is FastAPI with a
pydantic model of the same body. The load comes from a process of its own over 32 connections that
stay open. How fast that is by itself shows in the row `null`, a server that answers without a look.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.redis import RedisServer

CONNECTIONS = 32
Found = tuple[float, float, float, float]
"""Answers per second, the times within which half and 99 % came, and the processor time of the
server process for one answer, in seconds."""


def measure(contestant: str, seconds: float) -> Found:
    """Start a server, load it, and stop it."""
    with _server(contestant) as (port, server):
        command = [sys.executable, "-m", "benchmarks.events_load"]
        words = [str(port), str(CONNECTIONS), str(seconds)]
        before_s = _worked_s(server)
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        worked_s = _worked_s(server) - before_s
    if done.returncode:
        raise SystemExit(f"{contestant}: {done.stderr}")
    rate, half_s, most_s, total = json.loads(done.stdout)
    return rate, half_s, most_s, worked_s / total


def _worked_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def _server(contestant: str) -> Iterator[tuple[int, psutil.Process]]:
    command = [sys.executable, "-m", "benchmarks.events_server", contestant]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline()), psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def measure_all(seconds: float, rounds: int) -> Mapping[str, list[Found]]:
    """Measure all contestants in turn, each on an empty store."""
    found: dict[str, list[Found]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as name,
        RedisServer(Path(name) / "redis") as redis,
        PostgresServer(Path(name) / "postgres") as postgres,
    ):
        for number in range(rounds):
            redis.reset()
            contestants = {
                "null": "null",
                "bare": "bare",
                "redis": redis.url,
                "sqlite": f"sqlite:///{name}/{number}.db",
                "postgres": f"{postgres.url}?schema=round_{number}",
            }
            for label, contestant in contestants.items():
                found[label].append(measure(contestant, seconds))
                print(f"round {number + 1}, {label}: {found[label][-1][0]:,.0f}/s", file=sys.stderr)
    return found


def table(found: Mapping[str, list[Found]]) -> str:
    """Return the medians of all rounds as a table, with what others are of the bare app."""
    bare = statistics.median(figures[0] for figures in found["bare"])
    lines = [
        "| server | accepts per second | of bare | half within | 99 % within | work for one |",
        "|---|---|---|---|---|---|",
    ]
    for label, figures in found.items():
        rate, half_s, most_s, worked_s = (
            statistics.median(part) for part in zip(*figures, strict=True)
        )
        lines.append(
            f"| {label} | {rate:,.0f} | {rate / bare:.0%} "
            f"| {half_s * 1000:.1f} ms | {most_s * 1000:.1f} ms | {worked_s * 1e6:.0f} µs |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Events accepted per second over HTTP.")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {CONNECTIONS} connections, medians of {options.rounds} rounds")
    print(table(measure_all(options.seconds, options.rounds)))


if __name__ == "__main__":
    main()
