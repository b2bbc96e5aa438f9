"""How long a job takes from the call of `enqueue` to the first line of its step, worker idle."""

from __future__ import annotations

import statistics
import sys
import time

from benchmarks.workload import app, stamp

GAP_S = 0.05


def main(jobs: int) -> None:
    """Print p50 and p99 in milliseconds; workers of another process must be running."""
    app.wait(app.enqueue(stamp, time.time()).id, timeout_s=30)
    waits_ms = []
    for _ in range(jobs):
        job = app.wait(app.enqueue(stamp, time.time()).id, timeout_s=30)
        waits_ms.append(1000 * job.last_return_value)
        time.sleep(GAP_S)
    quantiles = statistics.quantiles(waits_ms, n=100)
    print(statistics.median(waits_ms), quantiles[98])


if __name__ == "__main__":
    main(int(sys.argv[1]))
