"""How long `import ergate` and `ergate --help` take, from the start of Python to its end.

    .venv/bin/python -m benchmarks.imports [RUNS]

The first line is Python alone, which every other line contains.
The budget of `import ergate` is 200 ms and that of `ergate --help` is 500 ms.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PYTHON = sys.executable
COMMANDS = {
    "python -c pass": ([PYTHON, "-c", "pass"], None),
    "import pydantic": ([PYTHON, "-c", "import pydantic"], None),
    "import ergate": ([PYTHON, "-c", "import ergate"], 200),
    "ergate --help": ([str(Path(PYTHON).with_name("ergate")), "--help"], 500),
}


def run_ms(command: Sequence[str]) -> float:
    """Run `command` to its end and return the wall-clock milliseconds it took."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def best_ms(times_ms: Sequence[float]) -> float:
    """Return the shortest time: what the work costs when nothing else disturbs it."""
    return min(times_ms)


def main(runs: int = 9) -> None:
    """Print a table of each command's best and median time."""
    print(f"{'command':<18}{'best':>10}{'median':>10}{'budget':>10}")
    for name, (command, budget_ms) in COMMANDS.items():
        times_ms = [run_ms(command) for _ in range(runs)]
        budget = f"{budget_ms} ms" if budget_ms else ""
        median_ms = statistics.median(times_ms)
        print(f"{name:<18}{best_ms(times_ms):>7.0f} ms{median_ms:>7.0f} ms{budget:>10}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
