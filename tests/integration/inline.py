"""A worker and a keeper in threads of the test's own process, over any broker."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ergate import Ergate, Job
from ergate.brokers.broker import Broker
from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.ids import new_id
from ergate.settings import Settings
from ergate.supervisor.host import host_key, start_time
from ergate.supervisor.keeper import Keeper
from ergate.worker.events import Event
from ergate.worker.marks import Marks
from ergate.worker.stopping import Stopping
from ergate.worker.worker import Worker

QUICK: dict[str, float] = {"lease_s": 2, "heartbeat_s": 0.4, "sweep_s": 0.05}


def quick_settings(**changes: object) -> Settings:
    """Return settings with which nothing is waited for longer than a test can wait."""
    return Settings.model_validate(QUICK | changes)


@contextmanager
def running(
    app: Ergate[Job],
    broker: Broker,
    settings: Settings | None = None,
    report: Callable[[Event], None] = lambda _: None,
) -> Iterator[Worker]:
    """Run one worker for as long as the block runs; everything has ended after it."""
    settings = settings or quick_settings()
    stopping = Stopping()
    marks, descriptor = Marks.create(settings.concurrency)
    pid = os.getpid()
    info = WorkerInfo(worker_id=new_id(), host=host_key(), pid=pid, started_at=start_time(pid))
    worker = Worker(
        info.worker_id,
        app.program(settings),
        broker,
        settings,
        marks=marks,
        report=report,
        stopping=stopping,
    )
    broker.store.heartbeat([info], settings.lease_s)
    keeper = Keeper(broker, settings, lambda: [info], report)
    thread = threading.Thread(target=worker.run, args=(pid,), daemon=True)
    keeper.start()
    thread.start()
    try:
        yield worker
    finally:
        stopping.ask("the test is over")
        thread.join(20)
        keeper.stop(10)
        os.close(descriptor)
    assert not thread.is_alive(), "the worker did not leave"
