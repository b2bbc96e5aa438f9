"""Measure how long the calls of the dashboard take on a store with many jobs.

    python -m benchmarks.pages                              # 100,000 jobs, about three minutes
    python -m benchmarks.pages --jobs 5000 --rounds 3       # a quick look
    python -m benchmarks.pages --only sqlite

The server is the real one in a process of its own. Each round makes every call once, in turn; the
calls of the overview are made after a pause, so that none is answered from what was kept.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from benchmarks.many_jobs import fill_postgres, fill_sqlite, many_jobs
from ergate.testing.servers.base import free_port
from ergate.testing.servers.postgres import PostgresServer

JOBS = "/api/v1/jobs?limit=100"
COUNTS = "/api/v1/counts"
FILTERS = {
    "completed": "status=completed",
    "failed": "status=failed",
    "aborted": "status=aborted",
    "cancelled": "status=cancelled",
    "queued": "status=queued",
    "scheduled": "status=scheduled",
    "running": "status=running",
    "cancelling": "status=cancelling",
    "pending (none)": "status=pending",
    "workflow, frequent": "workflow=order",
    "workflow, rare": "workflow=rare",
    "workflow, unknown": "workflow=unknown",
    "queue, frequent": "queue=default",
    "queue, rare": "queue=rare",
    "since 1 h": "since=1h",
    "failed, rare workflow": "status=failed&workflow=rare",
    "failed, workflow, queue": "status=failed&workflow=mail&queue=slow",
    "queued, workflow, since": "status=queued&workflow=mail&since=1h",
    "completed, rare queue": "status=completed&queue=rare",
}
LISTS = {
    "no filter": JOBS,
    "no filter, limit 50": "/api/v1/jobs?limit=50",
    "no filter, offset 90,000": f"{JOBS}&offset=90000",
    "workflow, offset 50,000": f"{JOBS}&workflow=order&offset=50000",
    "completed, offset 70,000": f"{JOBS}&status=completed&offset=70000",
    "failed, offset 7,000": f"{JOBS}&status=failed&offset=7000",
    "text, found at once": f"{JOBS}&text=customer",
    "text, found in one": f"{JOBS}&text={quote('Customer 99000')}",
    "text, found nowhere": f"{JOBS}&text=nowhere",
    "text, failed, nowhere": f"{JOBS}&text=nowhere&status=failed",
} | {name: f"{JOBS}&{query}" for name, query in FILTERS.items()}
COUNTED = {"no filter": COUNTS} | {name: f"{COUNTS}?{query}" for name, query in FILTERS.items()}
OVERVIEW = {
    "counts": COUNTS,
    "queues": "/api/v1/queues",
    "workers": "/api/v1/workers",
    "activity, 60 min": "/api/v1/activity?minutes=60",
    "activity, 1,440 min": "/api/v1/activity?minutes=1440",
    "stream, all four events": "/api/v1/stream",
}
KEPT_S = 1.1
"""Longer than the server keeps what it was asked last."""
Took = dict[tuple[str, str], list[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.pages", description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        _serve(arguments.serve, arguments.port)
        return
    found: dict[str, Took] = {}
    with tempfile.TemporaryDirectory(prefix="ergate-pages-") as name:
        directory = Path(name)
        if arguments.only != "postgres":
            url = fill_sqlite(directory / "jobs.db", many_jobs(arguments.jobs))
            found["sqlite"] = _measured(url, arguments.rounds)
        if arguments.only != "sqlite":
            with PostgresServer(directory / "postgres") as server:
                url = fill_postgres(server.url, many_jobs(arguments.jobs))
                found["postgres"] = _measured(url, arguments.rounds)
    _print(found)


def _measured(url: str, rounds: int) -> Took:
    took: Took = defaultdict(list)
    with _server(url) as port, closing(http.client.HTTPConnection("127.0.0.1", port)) as client:
        for number in range(rounds + 1):
            keeps = number > 0  # the first round warms up
            for part, calls in (("jobs page", LISTS), ("counts", COUNTED)):
                for name, path in calls.items():
                    ms = _get_ms(client, path)
                    if keeps:
                        took[part, name].append(ms)
            time.sleep(KEPT_S)
            for name, path in OVERVIEW.items():
                ms = _stream_ms(port, path) if path.endswith("stream") else _get_ms(client, path)
                if keeps:
                    took["overview", name].append(ms)
    return took


def _get_ms(client: http.client.HTTPConnection, path: str) -> float:
    start = time.perf_counter()
    client.request("GET", path)
    answer = client.getresponse()
    body = answer.read()
    took_ms = 1000 * (time.perf_counter() - start)
    if answer.status != http.client.OK:
        raise RuntimeError(f"{path}: {answer.status} {body[:500]!r}")
    return took_ms


def _stream_ms(port: int, path: str) -> float:
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as client:
        start = time.perf_counter()
        client.request("GET", path)
        answer, events = client.getresponse(), 0
        while events < 4:  # counts, queues, workers and jobs
            events += answer.readline().startswith(b"data:")
        return 1000 * (time.perf_counter() - start)


@contextmanager
def _server(url: str) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.pages", "--serve", url, "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        _await(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port)) as client:
                client.request("GET", "/healthcheck")
                client.getresponse().read()
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _serve(url: str, port: int) -> None:
    from ergate.api.app import create_api
    from ergate.api.desk import Place
    from ergate.api.security import Security
    from ergate.api.serving import serve
    from ergate.brokers.broker import Broker
    from ergate.brokers.opening import open_broker

    broker = open_broker(url, None)
    assert isinstance(broker, Broker)
    try:
        serve(create_api(Place(broker=broker), Security()), port=port)
    finally:
        broker.close()


def _print(found: dict[str, Took]) -> None:
    heads = [f"{backend} {figure}" for backend in found for figure in ("best", "p50", "p95")]
    print(f"| part | call | {' | '.join(f'{head}, ms' for head in heads)} |")
    print(f"|---|---|{'---:|' * len(heads)}")
    for part, name in next(iter(found.values())):
        cells = [cell for took in found.values() for cell in _cells(took[part, name])]
        print(f"| {part} | {name} | {' | '.join(cells)} |")


def _cells(took_ms: list[float]) -> list[str]:
    ordered = sorted(took_ms)
    p95 = ordered[-(-95 * len(ordered) // 100) - 1]
    return [f"{one:.0f}" for one in (ordered[0], statistics.median(ordered), p95)]


if __name__ == "__main__":
    main()
