"""Users' programs, run as processes of their own."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 30.0


class Program:
    """`python FILE` in its directory; killed at the end of the block if it still runs."""

    def __init__(self, file: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", file.name, *arguments],
            cwd=file.parent,
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def lines(self, count: int) -> list[str]:
        """Return the next lines that it prints; fewer when it ends before."""
        found: list[str] = []
        while len(found) < count and (line := self._lines.get(timeout=PATIENCE_S)) is not None:
            found.append(line)
        return found

    def is_listening_to_signals(self) -> None:
        """Return when it handles SIGTERM itself, which it does from the start of `app.run()`."""
        deadline = time.monotonic() + PATIENCE_S
        while not _handles(self._process.pid, signal.SIGTERM):
            assert time.monotonic() < deadline, self.errors
            assert self._process.poll() is None, self.errors
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def send_twice(self, number: signal.Signals) -> None:
        """Send a signal, and again after as long as an impatient person waits.

        Two that arrive together would count as one, and nobody outside sees the first arrive.
        """
        self._process.send_signal(number)
        time.sleep(0.3)
        self._process.send_signal(number)

    def wait(self) -> int:
        """Return its exit status when it has ended."""
        return self._process.wait(PATIENCE_S)

    @property
    def errors(self) -> str:
        """What it has written to standard error; all of it once it has ended."""
        if self._process.poll() is not None:
            self._threads[1].join(PATIENCE_S)
        return "".join(self._errors)

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)


def _handles(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
