"""Ergate in memory: hand in jobs and run them in one process; print both rates."""

from __future__ import annotations

import sys
import time

from benchmarks.workload import app, one_step, three_steps


def main(jobs: int, steps: int) -> None:
    """Print jobs handed in per second and steps run per second; wants ERGATE_QUEUE=memory."""
    workflow = one_step if steps == 1 else three_steps
    start = time.perf_counter()
    for number in range(jobs):
        app.enqueue(workflow, number)
    enqueued = time.perf_counter()
    app.run(burst=True)
    print(jobs / (enqueued - start), jobs * steps / (time.perf_counter() - enqueued))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
