"""The same for Celery: tasks that do nothing, alone or as a chain of three.

`python -m benchmarks.celery_workload JOBS STEPS` hands in; `BENCH_RABBITMQ` names the server.
"""

from __future__ import annotations

import os
import sys
import time

from celery import Celery, chain

from benchmarks.counting import Counter

PREFETCH = 64
"""Sixteen times the default, as Celery advises for short tasks."""

counter = Counter()
app = Celery(broker=os.environ["BENCH_RABBITMQ"])
app.conf.update(
    broker_transport_options={"confirm_publish": True},
    task_acks_late=True,
    task_default_queue_type="quorum",
    task_ignore_result=True,
    worker_prefetch_multiplier=PREFETCH,
)


@app.task(name="only")  # type: ignore[untyped-decorator]  # Celery is published without types
def only(value: int) -> int:
    """Return the input."""
    counter.count()
    return value


@app.task(name="first")  # type: ignore[untyped-decorator]  # Celery is published without types
def first(value: int) -> int:
    """Return the input."""
    counter.count()
    return value


@app.task(name="second")  # type: ignore[untyped-decorator]  # Celery is published without types
def second(value: int) -> int:
    """Return the input."""
    counter.count()
    return value


@app.task(name="third")  # type: ignore[untyped-decorator]  # Celery is published without types
def third(value: int) -> int:
    """Return the input."""
    counter.count()
    return value


def main(jobs: int, steps: int) -> None:
    """Hand in jobs one by one and print how many went in per second."""
    start = time.perf_counter()
    for number in range(jobs):
        if steps == 1:
            only.delay(number)
        else:
            chain(first.s(number), second.s(), third.s()).delay()
    print(jobs / (time.perf_counter() - start))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
