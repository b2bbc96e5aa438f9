"""A supervisor with its workers as real processes, and the means to hurt them.

`python -m ergate.testing.fleet JSON` is what runs in the supervisor's process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import psutil

from ergate.app import Ergate
from ergate.errors import ErgateError
from ergate.loading import load_app
from ergate.running import run_app
from ergate.worker.events import Event, QueuesSeen, Running, WorkerTick

T = TypeVar("T")

QUICK: Mapping[str, object] = {
    "lease_s": 2,
    "heartbeat_s": 0.4,
    "sweep_s": 0.2,
    "republish_s": 5,
}
"""Settings with which a death, or the loss of a queue, is noticed soon enough for a test."""

POLL_S = 0.01


def eventually(what: str, condition: Callable[[], T], timeout_s: float = 30.0) -> T:
    """Return what `condition` gives as soon as that is true; fail when it never is."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {timeout_s:g} s it is not so that {what}"
        time.sleep(POLL_S)
    return value


class Fleet:
    """One run of an app: a supervisor process and its workers; after its death it can start anew.

    `flags` are settings; `target` is where each process finds the app, None for one process that
    is supervisor and worker at once (then `app` says where that one finds it).
    """

    def __init__(
        self,
        app: str,
        directory: Path,
        flags: Mapping[str, object],
        *,
        inline: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._order = {"app": app, "flags": dict(QUICK) | dict(flags), "inline": inline}
        self._directory = directory
        self.environ = dict(environ or {})
        self._logs: list[_Log] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._known: dict[int, psutil.Process] = {}
        self._name = f"fleet-{id(self):x}"

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> Fleet:
        """Start the supervisor; its workers follow by themselves."""
        events = self._directory / f"{self._name}-{len(self._logs) + 1}.events"
        events.touch()
        self._logs.append(_Log(events))
        with (self._directory / f"{self._name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, json.dumps(self._order | {"events": str(events)})],
                cwd=self._directory,
                env=os.environ | self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor's process."""
        assert self._process is not None, "start() comes first"
        return self._process

    def stop(self, timeout_s: float = 20.0) -> int:
        """Ask the supervisor to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = 60.0) -> int:
        """Wait until the supervisor has ended by itself, and return its exit code."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"It still runs after {timeout_s:g} s:\n{self.output()}") from None

    def kill(self) -> None:
        """Kill the supervisor, as `kill -9` does; its workers live on."""
        self.workers()  # so that close() knows them
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Kill whatever still runs."""
        if self._process is None:
            return
        self.workers()
        self.process.kill()
        self.process.wait()
        for process in self._known.values():
            try:
                process.kill()  # psutil sees to it that the pid is still the same process
            except psutil.NoSuchProcess:
                continue

    # --- workers ----------------------------------------------------------------------------------

    def workers(self) -> dict[int, str]:
        """Return the pid and the id of each worker that is ready and lives, oldest first."""
        ready: dict[int, str] = {}
        for kind, event in self._logs[-1].events():
            if kind == "WorkerStarted":
                self._remember(event["pid"])
            elif kind == "WorkerReady":
                ready[event["pid"]] = event["worker_id"]
            elif kind == "WorkerDead":
                ready.pop(event["pid"], None)
        return {pid: worker_id for pid, worker_id in ready.items() if self._lives(pid)}

    def wait_ready(self, count: int = 1) -> dict[int, str]:
        """Wait until so many workers are ready, and return them."""

        def are_ready() -> dict[int, str]:
            assert self.process.poll() is None, f"the supervisor has ended:\n{self.output()}"
            workers = self.workers()
            return workers if len(workers) >= count else {}

        return eventually(f"{count} workers are ready", are_ready)

    def hurt(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to one of the workers."""
        self.workers()
        self._known[pid].send_signal(number)

    def _remember(self, pid: int) -> None:
        if pid not in self._known and psutil.pid_exists(pid):
            process = psutil.Process(pid)
            if process.ppid() in (self.process.pid, 1) or pid == self.process.pid:
                self._known[pid] = process

    def _lives(self, pid: int) -> bool:
        process = self._known.get(pid)
        try:
            return process is not None and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    # --- what it tells ----------------------------------------------------------------------------

    def events(self, kind: type[Event]) -> list[dict[str, Any]]:
        """Return all events of one kind so far, of every run, in their order."""
        return [
            event for log in self._logs for name, event in log.events() if name == kind.__name__
        ]

    def output(self) -> str:
        """Return what its processes printed."""
        return (self._directory / f"{self._name}.log").read_text(errors="replace")


class _Log:
    """The events of one run as they come: each is read once, however often it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._events: list[tuple[str, dict[str, Any]]] = []

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the name and the values of each event so far."""
        with self._path.open("rb") as file:
            file.seek(self._position)
            whole, end, _begun = file.read().rpartition(b"\n")
        self._position += len(whole + end)
        self._events += [json.loads(line) for line in whole.splitlines()]
        return self._events


class _Recorder:
    """Appends events to a file, each as one whole line."""

    _LEFT_OUT = (Running, QueuesSeen, WorkerTick)

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)

    def __call__(self, event: Event) -> None:
        if not isinstance(event, self._LEFT_OUT):
            line = json.dumps([type(event).__name__, asdict(event)]) + "\n"
            os.write(self._descriptor, line.encode())


def main(arguments: Sequence[str]) -> int:
    """Be the supervisor that a `Fleet` starts; return the exit code."""
    order = json.loads(arguments[0])
    report = _Recorder(order["events"])
    try:
        app = load_app(order["app"], Ergate)
        settings = app.settings(order["flags"])
        target = None if order["inline"] else order["app"]
        return run_app(app, settings, target=target, report=report)
    except ErgateError as exc:
        sys.stderr.write(f"ergate: {exc}\n")
        return exc.exit_code


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if not json.loads(sys.argv[1])["inline"]:
        os._exit(status)  # tidying up takes Python a while, and here nothing is left to tidy
    sys.exit(status)
