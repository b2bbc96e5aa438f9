"""The same for Dramatiq: actors that do nothing, alone or as a pipeline of three.

`python -m benchmarks.dramatiq_workload JOBS STEPS` hands in; `BENCH_RABBITMQ` names the server.
"""

from __future__ import annotations

import os
import sys
import time

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from benchmarks.counting import Counter

counter = Counter()
dramatiq.set_broker(RabbitmqBroker(url=os.environ["BENCH_RABBITMQ"], confirm_delivery=True))


@dramatiq.actor  # type: ignore[untyped-decorator]  # not installed for development
def only(_value: int) -> None:
    """Return nothing: Dramatiq warns of a result that nobody takes."""
    counter.count()


@dramatiq.actor  # type: ignore[untyped-decorator]  # not installed for development
def first(value: int) -> int:
    """Return the input."""
    counter.count()
    return value


@dramatiq.actor  # type: ignore[untyped-decorator]  # not installed for development
def second(value: int) -> int:
    """Return the input."""
    counter.count()
    return value


@dramatiq.actor  # type: ignore[untyped-decorator]  # not installed for development
def third(_value: int) -> None:
    """Return nothing: Dramatiq warns of a result that nobody takes."""
    counter.count()


def main(jobs: int, steps: int) -> None:
    """Hand in jobs one by one and print how many went in per second."""
    start = time.perf_counter()
    for number in range(jobs):
        if steps == 1:
            only.send(number)
        else:
            dramatiq.pipeline([first.message(number), second.message(), third.message()]).run()
    print(jobs / (time.perf_counter() - start))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
