"""A worker process as its supervisor starts it: `python -m ergate.worker DESCRIPTOR`.

The configuration comes over the descriptor, a socket, so that no address with a password stands
in the list of processes. Events go back over the same socket, and its end means that the
supervisor is gone.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from typing import Any, TypeVar

from ergate.brokers.direct import DirectBroker
from ergate.errors import BackendUnavailable, ErgateError, LoadError
from ergate.loading import load_object
from ergate.settings import Settings
from ergate.worker.direct import DirectWorker
from ergate.worker.events import Event, Trouble, WorkerTick, to_line
from ergate.worker.logs import configure_logging
from ergate.worker.marks import Marks
from ergate.worker.program import Runnable
from ergate.worker.settler import PAUSE_FIRST_S, PAUSE_MAX_S, Report
from ergate.worker.stopping import Stopping, handled
from ergate.worker.worker import Worker

Opened = TypeVar("Opened")


def main(descriptor: int) -> int:
    """Run one worker process; return its exit status."""
    connection = socket.socket(fileno=descriptor)
    lines = connection.makefile("rb")
    first = lines.readline()
    if not first:
        return 0  # the supervisor went away before it said what to do
    stopping = Stopping()
    threading.Thread(target=watch_supervisor, args=(lines, stopping), daemon=True).start()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text file here
    try:
        _work(json.loads(first), _Reporter(connection), stopping)
    except ErgateError as exc:
        sys.stderr.write(f"ergate: {exc}\n")
        if isinstance(exc, LoadError) and exc.__cause__ is not None:
            traceback.print_exception(exc.__cause__)
        return exc.exit_code
    return 0


def _work(config: dict[str, Any], report: _Reporter, stopping: Stopping) -> None:
    settings = Settings(**config["settings"])
    configure_logging(settings.log_level)
    app = load_object(config["target"])
    if not isinstance(app, Runnable):
        raise LoadError(f"{config['target']} is a {type(app).__name__}, not an Ergate app.")
    worker_id, pid = config["worker_id"], os.getpid()
    program = app.program(settings)
    broker = open_patiently(lambda: app.open_broker(settings), worker_id, report, stopping)

    def ask(number: int, _frame: object) -> None:
        stopping.ask(signal.Signals(number).name)

    with handled({signal.SIGTERM: ask, signal.SIGINT: signal.SIG_IGN}):
        marks = Marks(config["marks"], settings.concurrency)
        if isinstance(broker, DirectBroker):
            DirectWorker(
                worker_id, program, broker, report=report, stopping=stopping, marks=marks
            ).run(pid)
            broker.close()
            return
        Worker(
            worker_id, program, broker, settings, marks=marks, report=report, stopping=stopping
        ).run(pid)
        broker.close()


def open_patiently(
    open_: Callable[[], Opened], worker_id: str, report: Report, stopping: Stopping
) -> Opened:
    """Return what `open_` opens; while a server is away, wait for it as a running worker does.

    A worker that died during an outage gets its successor then, and none may be given up.
    """
    pause_s, is_told = PAUSE_FIRST_S, False
    while True:
        try:
            return open_()
        except BackendUnavailable as exc:
            if stopping.is_asked:
                raise
            if not is_told:
                what = f"The worker cannot begin, trying again until it can: {exc}"
                report(Trouble(what=what, worker_id=worker_id))
            is_told = True
            report(WorkerTick(worker_id=worker_id, in_hand=0))
            time.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(PAUSE_MAX_S, pause_s * 2)


class _Reporter:
    """Sends events to the supervisor, whole lines from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        try:
            with self._lock:
                self._connection.sendall(to_line(event))
        except OSError:
            pass  # the supervisor is gone, and `watch_supervisor` says so


def watch_supervisor(lines: BufferedReader, stopping: Stopping) -> None:
    """Ask the worker to stop as soon as the other end of its socket is gone."""
    with suppress(OSError):  # a reset, when something that we told had not been read
        while lines.readline():
            pass
    # Without a supervisor nobody renews our lease: finish what runs, and leave.
    stopping.ask("its supervisor is gone")


if __name__ == "__main__":
    status = main(int(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads of steps that do not end must not keep the process
