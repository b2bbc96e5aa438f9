"""Many jobs through Postgres with retention on: `python -m benchmarks.endurance [JOBS] [KEEP_S]`.

One thread hands in jobs of three steps, one claims and settles a hundred at a time, one deletes
what has ended KEEP_S seconds ago. After each tenth the table tells how long a claim took, and how
large the tables with their indexes are.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.state_store import JobFilter, StateStore
from ergate.jobs.events import Advanced, Completed, Settlement
from ergate.jobs.ids import new_id
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.plugins.resolve import open_state_store
from ergate.testing.servers.postgres import PostgresServer

BATCH, AHEAD, STEPS, PAUSE_S = 100, 5000, 3, 2.0
ADVANCED = Advanced(
    result='{"n":2}', step=1, step_name="next", queue="default", percent=50.0, fingerprint="f"
)
_SIZES = """
    SELECT relname, pg_total_relation_size(relid) / 1000000 FROM pg_stat_user_tables
    WHERE schemaname = 'ergate' AND relname IN ('jobs', 'ready', 'held', 'history') ORDER BY relname
"""


class Endurance:
    """One run, with what its threads tell each other."""

    def __init__(self, url: str, total: int, keep_s: float) -> None:
        self._url = url
        self._total = total
        self._keep_s = keep_s
        self._ended = 0
        self._is_over = threading.Event()

    def run(self) -> None:
        """Run all jobs, and print a line after each tenth of them."""
        store = self._open()
        store.migrate()
        threads = [threading.Thread(target=self._feed), threading.Thread(target=self._prune)]
        for thread in threads:
            thread.start()
        print(
            "| jobs | s | claim of 100, ms | settling 100, ms | MB of held, history, jobs, ready |"
        )
        print("|---:|---:|---:|---:|---|")
        started_at, claims, settles = time.perf_counter(), list[float](), list[float]()
        while self._ended < self._total:
            before = self._ended
            self._turn(store, claims, settles)
            if self._ended * 10 // self._total > before * 10 // self._total:
                self._print(time.perf_counter() - started_at, claims, settles)
        self._is_over.set()
        for thread in threads:
            thread.join()
        store.close()

    def _turn(self, store: StateStore, claims: list[float], settles: list[float]) -> None:
        begun = time.perf_counter()
        claimed = store.claim_ready(["default"], BATCH, "worker")
        taken = time.perf_counter()
        if not claimed:
            time.sleep(0.005)
            return
        store.settle([_settlement(job) for job in claimed])
        share = 1000 * BATCH / len(claimed)
        claims.append((taken - begun) * share)
        settles.append((time.perf_counter() - taken) * share)
        self._ended += sum(job.seq == STEPS - 1 for job in claimed)

    def _print(self, took_s: float, claims: list[float], settles: list[float]) -> None:
        with psycopg.connect(self._url) as connection:
            sizes = " ".join(f"{size}" for _, size in connection.execute(_SIZES).fetchall())
        times = f"{statistics.median(claims):.2f} | {statistics.median(settles):.2f}"
        print(f"| {self._ended:,} | {took_s:.0f} | {times} | {sizes} |", flush=True)
        claims.clear()
        settles.clear()

    def _feed(self) -> None:
        store, handed_in = self._open(), 0
        while handed_in < self._total:
            if handed_in - self._ended > AHEAD:
                time.sleep(0.02)
                continue
            now = time.time()
            new = [_job(now) for _ in range(min(500, self._total - handed_in))]
            store.submit(new)
            handed_in += len(new)
        store.close()

    def _prune(self) -> None:
        store = self._open()
        while not self._is_over.wait(PAUSE_S):
            before = time.time() - self._keep_s
            which = JobFilter(status=JobStatus.COMPLETED, finished_before=before)
            while store.prune(which):
                pass
        store.close()

    def _open(self) -> StateStore:
        return open_state_store(Address.parse(self._url), SystemClock())


def _job(now: float) -> JobRecord:
    return JobRecord(
        id=new_id(),
        workflow_name="endurance",
        step_name="first",
        initial_input_value='{"n":1}',
        created_at=now,
        updated_at=now,
    )


def _settlement(job: JobRecord) -> Settlement:
    is_last = job.seq == STEPS - 1
    outcome = Completed(result="3") if is_last else replace(ADVANCED, step=job.seq + 1)
    return Settlement(job.id, job.worker_id or "", job.revision, outcome)


def main(total: int, keep_s: float) -> None:
    """Run on a server of its own."""
    with PostgresServer(Path("data")) as server:
        Endurance(server.url, total, keep_s).run()


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["1000000"])[0]), float((sys.argv[2:3] or ["30"])[0]))
