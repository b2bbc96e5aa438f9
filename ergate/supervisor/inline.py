"""Supervisor and worker in one process: `app.run()`, and all that lives in memory."""

from __future__ import annotations

import os
import signal
import threading

from ergate.brokers.broker import Broker
from ergate.brokers.direct import DirectBroker
from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.ids import new_id
from ergate.settings import Settings
from ergate.supervisor.host import host_key, start_time
from ergate.supervisor.keeper import Keeper
from ergate.worker.direct import DirectWorker
from ergate.worker.events import RunEnded, WorkerStarted
from ergate.worker.events import Stopping as StopAsked
from ergate.worker.marks import Marks
from ergate.worker.program import Program
from ergate.worker.settler import Report
from ergate.worker.stopping import Stopping, handled
from ergate.worker.worker import LEAVE_S, Worker


def run_inline(
    program: Program, broker: Broker | DirectBroker, settings: Settings, report: Report
) -> int:
    """Run one worker in this process until a signal or, in burst mode, until nothing is left."""
    stopping = Stopping()
    worker_id = new_id()
    report(WorkerStarted(worker_id=worker_id, number=0, pid=os.getpid()))
    if isinstance(broker, DirectBroker):
        worker = DirectWorker(worker_id, program, broker, report=report, stopping=stopping)
        worker.run(os.getpid())
    else:
        _run_kept(worker_id, program, broker, settings, report, stopping)
    report(RunEnded(exit_code=0))
    return 0


def _run_kept(
    worker_id: str,
    program: Program,
    broker: Broker,
    settings: Settings,
    report: Report,
    stopping: Stopping,
) -> None:
    info = WorkerInfo(
        worker_id=worker_id,
        host=host_key(),
        pid=os.getpid(),
        started_at=start_time(os.getpid()),
        queues=tuple(settings.queues),
        concurrency=settings.concurrency,
    )
    marks, descriptor = Marks.create(settings.concurrency)
    worker = Worker(
        worker_id,
        program,
        broker,
        settings,
        marks=marks,
        report=report,
        stopping=stopping,
        gives_up_threads=True,
    )
    broker.store.heartbeat([info], settings.lease_s)
    keeper = Keeper(broker, settings, lambda: [info], report)

    def ask(number: int, _frame: object) -> None:
        stopping.ask(signal.Signals(number).name)

    with handled({signal.SIGINT: ask, signal.SIGTERM: ask}):
        keeper.start()
        ended = threading.Event()
        threading.Thread(
            target=_watch, args=(keeper, settings, stopping, ended, report), daemon=True
        ).start()
        try:
            worker.run(os.getpid())
        finally:
            ended.set()
            keeper.recover(worker_id, {}, blame=False, reason="its worker has left")
            keeper.stop(LEAVE_S)
            os.close(descriptor)


def _watch(
    keeper: Keeper,
    settings: Settings,
    stopping: Stopping,
    ended: threading.Event,
    report: Report,
) -> None:
    """Stop when nothing is left, in burst mode, and tell that a stop was asked for."""
    while not ended.wait(0.1):
        if settings.burst and keeper.is_idle:
            stopping.ask("nothing is left to run (burst)")
        if stopping.is_asked:
            report(StopAsked(reason=stopping.reason or "", grace_s=settings.grace_s))
            return
