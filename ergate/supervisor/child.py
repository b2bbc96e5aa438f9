"""One worker process, as its supervisor sees it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import IO

import psutil

from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.ids import new_id
from ergate.settings import Settings
from ergate.supervisor.host import host_key
from ergate.worker.events import Event, from_line
from ergate.worker.marks import Mark, Marks

SETTLED_S = 5.0
"""A process that lived this long did not fail because of how it was started."""


class Lines:
    """The lines that come through a pipe, without waiting for any."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._rest = b""
        os.set_blocking(pipe.fileno(), False)

    def fileno(self) -> int:
        """Return the descriptor, so that a selector can watch it."""
        return self._pipe.fileno()

    def read(self) -> list[str] | None:
        """Return the lines that are there; None when no more can come."""
        try:
            data = os.read(self.fileno(), 65_536)
        except BlockingIOError:
            return []
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data:
            rest, self._rest = self._rest, b""
            return [rest.decode(errors="replace")] if rest else None
        return [line.decode(errors="replace") for line in lines]

    def close(self) -> None:
        """Close the pipe."""
        self._pipe.close()


@dataclass(slots=True)
class Child:
    """A running process with its socket, its marks and its signs of life."""

    number: int
    worker_id: str
    process: subprocess.Popen[bytes]
    connection: socket.socket
    marks: Marks
    marks_descriptor: int
    info: WorkerInfo
    is_ready: bool = False
    started: float = field(default_factory=time.monotonic)
    last_sign: float = field(default_factory=time.monotonic)
    """When it last gave a sign of life, on the monotonic clock."""
    cpu_s: float = 0.0
    end_reason: str | None = None
    """Why the supervisor ended it; None while its end would be a surprise."""
    has_left: bool = False
    """Whether it said goodbye, with everything settled."""
    kill_blames: bool | None = None
    """Once the supervisor killed it: whether what it was running is to blame."""
    kill_at: float | None = None
    is_too_large: bool = False
    """Whether it was asked to leave for its memory: then a step that does not end is to blame."""
    urged: bool = False
    timed_out: list[Mark] = field(default_factory=list)
    _outputs: list[Lines] = field(default_factory=list)
    _rest: bytes = b""

    @classmethod
    def start(cls, number: int, settings: Settings, *, capture: bool) -> Child:
        """Start a process; it waits for `go` before it does anything.

        With `capture` its output comes through `outputs` instead of going to the terminal.
        """
        ours, theirs = socket.socketpair()
        marks, descriptor = Marks.create(settings.concurrency)
        output = subprocess.PIPE if capture else None
        process = subprocess.Popen(
            [sys.executable, "-m", "ergate.worker", str(theirs.fileno())],
            pass_fds=(theirs.fileno(), descriptor),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,  # Ctrl-C at the terminal is for the supervisor alone
        )
        theirs.close()
        ours.settimeout(0)
        info = WorkerInfo(
            worker_id=new_id(),
            host=host_key(),
            pid=process.pid,
            started_at=psutil.Process(process.pid).create_time(),
            queues=tuple(settings.queues),
            concurrency=settings.concurrency,
        )
        child = cls(number, info.worker_id, process, ours, marks, descriptor, info)
        child._outputs = [Lines(pipe) for pipe in (process.stdout, process.stderr) if pipe]
        return child

    def go(self, target: str, settings: Settings) -> None:
        """Tell the process what to run; its lease must be in place."""
        config = {
            "target": target,
            "settings": settings.model_dump(mode="json"),
            "worker_id": self.worker_id,
            "marks": self.marks_descriptor,
        }
        try:
            self.connection.settimeout(None)
            self.connection.sendall(json.dumps(config).encode() + b"\n")
            self.connection.settimeout(0)
        except OSError:
            pass  # it has died already, which the supervisor sees elsewhere

    @property
    def outputs(self) -> list[Lines]:
        """The process's standard output and error, when they are captured."""
        return self._outputs

    def events(self) -> list[Event]:
        """Return what the process has told since the last call; never blocks."""
        chunks = [self._rest]
        while True:
            try:
                chunk = self.connection.recv(262_144)
            except OSError:  # nothing more now, or the process is gone
                break
            if not chunk:
                break
            chunks.append(chunk)
        *lines, self._rest = b"".join(chunks).split(b"\n")
        if len(lines) or len(chunks) > 1:
            self.last_sign = time.monotonic()
        return [from_line(line) for line in lines]

    def shows_life(self, within_s: float) -> bool:
        """Whether the process gave a sign of life lately, or uses the processor.

        A step that never lets go of the interpreter cannot give signs, and is at work all the
        same; a process that is stopped, or blocked for good, is neither.
        """
        if time.monotonic() - self.last_sign < within_s:
            return True
        try:
            cpu_s = sum(psutil.Process(self.process.pid).cpu_times()[:2])
        except psutil.Error:
            return False
        is_busy, self.cpu_s = cpu_s > self.cpu_s + 0.01, cpu_s
        if is_busy:
            self.last_sign = time.monotonic()
        return is_busy

    def rss_mb(self) -> float:
        """Return the resident memory in MiB; 0 when the process is gone."""
        try:
            return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20
        except psutil.Error:
            return 0.0

    def ask_to_leave(self, reason: str, kill_at: float) -> None:
        """Ask the process to end in order; it is killed at `kill_at` on the monotonic clock."""
        self.end_reason = self.end_reason or reason
        self.kill_at = kill_at if self.kill_at is None else min(self.kill_at, kill_at)
        self._signal(signal.SIGTERM)

    def kill(self, reason: str, *, blames: bool = False) -> None:
        """End the process at once; with `blames`, because of what it was running."""
        self.end_reason = self.end_reason or reason
        self.kill_blames = blames
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    @property
    def is_blamed(self) -> bool:
        """Whether the steps that had started are to blame for its end.

        Its exit status says nothing: a step may have called `os._exit(0)`.
        """
        if self.has_left:
            return False
        if self.kill_blames is not None:
            return self.kill_blames
        asked = self.end_reason is not None
        return not (asked and self.process.returncode == -signal.SIGTERM)

    @property
    def failed_by_itself(self) -> bool:
        """Whether it ended with an error, and before it had worked for a while.

        The next one would do the same at once; after a signal, or a long life, it may not.
        """
        was_killed = (self.process.returncode or 0) < 0
        return not was_killed and time.monotonic() - self.started < SETTLED_S

    def exit_reason(self) -> str:
        """Say how the process ended."""
        status = self.process.returncode
        if status is not None and status < 0:
            return f"killed by {signal.Signals(-status).name}"
        return f"exited with status {status}"

    def close(self) -> None:
        """Let go of everything that belonged to the process."""
        self.connection.close()
        for stream in self.outputs:
            stream.close()
        self.marks.close()
        os.close(self.marks_descriptor)
