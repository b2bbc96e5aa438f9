"""Count the steps that peers have run: each process writes its number to a file now and then."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

LOOK_S = 0.05
COUNTS = "BENCH_COUNTS"
"""The variable that names the directory of the files."""


class Counter:
    """The steps of this process. A process that was forked counts anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = 0
        self._ran = 0

    def count(self) -> None:
        """Note one more step."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._ran = os.getpid(), 0
                threading.Thread(target=self._tell, daemon=True).start()
            self._ran += 1

    def _tell(self) -> None:
        file = Path(os.environ[COUNTS]) / f"{self._pid}.count"
        while True:
            file.write_text(f"{self._ran}\n")
            time.sleep(LOOK_S)


def counted(directory: Path) -> int:
    """Return how many steps all processes have run; half a number counts as none."""
    texts = [file.read_text() for file in directory.glob("*.count")]
    return sum(int(text) for text in texts if text.endswith("\n"))
