"""Hand in jobs one by one and print how many went in per second."""

from __future__ import annotations

import sys
import time


def main(kind: str, jobs: int, steps: int) -> None:
    """Hand in `jobs` jobs of `steps` steps (1 or 3)."""
    enqueue = _ergate(steps) if kind == "ergate" else _huey(steps)
    start = time.perf_counter()
    for number in range(jobs):
        enqueue(number)
    print(jobs / (time.perf_counter() - start))


def _ergate(steps: int):  # type: ignore[no-untyped-def]  # a function of one number
    from benchmarks.workload import app, one_step, three_steps

    workflow = one_step if steps == 1 else three_steps
    return lambda number: app.enqueue(workflow, number)


def _huey(steps: int):  # type: ignore[no-untyped-def]
    from benchmarks import huey_workload as tasks

    if steps == 1:
        return tasks.only
    return lambda number: tasks.huey.enqueue(
        tasks.first.s(number).then(tasks.second).then(tasks.third)
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
