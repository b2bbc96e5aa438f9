"""How long a workflow of 60 steps takes to register when each step may lead to all later ones.

    .venv/bin/python -m benchmarks.registration [RUNS]

The budget is 20 ms. Declaring the steps comes before, and is told apart.
"""

from __future__ import annotations

import statistics
import sys
import time

from ergate import Ergate, GoToStepPath, Workflow

STEPS = 60
BUDGET_MS = 20


def branching() -> Workflow:
    """Return a workflow in which each step declares a path to every later one."""
    workflow = Workflow(unique_name="branching")
    for number in range(STEPS):
        later = [GoToStepPath(f"step {other}") for other in range(number + 1, STEPS)]

        @workflow.step(name=f"step {number}", paths=later)
        def step(value: int) -> int:
            return value

    return workflow


def main(runs: int = 9) -> None:
    """Print the best and the median of both times."""
    declared, registered = [], []
    for _ in range(runs):
        start = time.perf_counter()
        workflow = branching()
        middle = time.perf_counter()
        Ergate().register_workflow(workflow)
        declared.append(1000 * (middle - start))
        registered.append(1000 * (time.perf_counter() - middle))
    for name, times, budget in (("declare", declared, ""), ("register", registered, BUDGET_MS)):
        median = statistics.median(times)
        print(f"{name:<10}best {min(times):6.1f} ms  median {median:6.1f} ms  budget {budget}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
