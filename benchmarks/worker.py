"""Run Ergate's workers for a measurement, without any display."""

from __future__ import annotations

import sys

from benchmarks.workload import app
from ergate.running import run_app


def main(processes: int) -> None:
    """Run until SIGTERM."""
    settings = app.settings({"processes": processes})
    run_app(app, settings, target="benchmarks.workload:app", report=lambda _event: None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
