"""What idle workers cost their server: `python -m benchmarks.idle [WORKERS] [SECONDS]`.

Each worker waits as a real one does, with connections of its own; the server's processes alone are
measured. A thread stands for a process here, as the server cannot tell the difference.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.testing.servers import Server
from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.redis import RedisServer
from ergate.worker.worker import IDLE_S


def main(workers: int, seconds: float) -> None:
    """Print the share of one core that each server needs."""
    for make in (PostgresServer, RedisServer):
        with tempfile.TemporaryDirectory() as directory, make(Path(directory) / "data") as server:
            native = measured(server, workers, seconds, server.url, None)
            relayed = measured(server, workers, seconds, server.url, "memory")
            print(f"{server.name}: {workers} idle workers need {native:.2f} % of one core", end="")
            print(f"; as a queue only, {relayed:.2f} %")


def measured(
    server: Server, workers: int, seconds: float, queue: str, state_store: str | None
) -> float:
    """Return the per cent of one core that the server uses while `workers` wait."""
    stopping = threading.Event()
    brokers = [open_broker(queue, state_store) for _ in range(workers)]
    threads = [
        threading.Thread(target=_wait, args=(broker, str(number), stopping.is_set))
        for number, broker in enumerate(brokers)
        if isinstance(broker, Broker)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    process = psutil.Process(server.pid)
    family = [process, *process.children(recursive=True)]
    before, started = _used_s(family), time.perf_counter()
    time.sleep(seconds)
    used_s, took = _used_s(family) - before, time.perf_counter() - started
    stopping.set()
    for thread in threads:
        thread.join()
    for broker in brokers:
        broker.close()
    return 100 * used_s / took


def _used_s(processes: list[psutil.Process]) -> float:
    """Return the time on a core to the nanosecond: ticks would miss work that is shorter."""
    files = [Path(f"/proc/{one.pid}/schedstat") for one in processes if one.is_running()]
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


def _wait(broker: Broker, worker_id: str, is_over: Callable[[], bool]) -> None:
    while not is_over():
        broker.claim(["default"], 10, IDLE_S, worker_id)


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["100"])[0]), float((sys.argv[2:3] or ["10"])[0]))
