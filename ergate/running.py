"""From an app and its settings to running workers and somebody who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ergate.brokers.direct import DirectBroker
from ergate.errors import UsageError
from ergate.supervisor.inline import run_inline
from ergate.supervisor.supervisor import Supervisor
from ergate.worker.events import Event, RunStarted
from ergate.worker.program import Program, Runnable
from ergate.worker.settler import Report

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.settings import Settings


def run_app(
    app: Runnable,
    settings: Settings,
    *,
    target: str | None,
    report: Report | None = None,
    capture: bool = False,
) -> int:
    """Run an app's workers; return the exit code when they have stopped.

    With a `target` they are processes of their own that find the app there; without one, the one
    worker is this process. `report` is told everything; without it, problems are logged.
    """
    report = report or log_problems
    program, broker = app.program(settings), app.open_broker(settings)
    try:
        if target is not None and not _is_shared(broker):
            raise UsageError(
                f"{broker.labels.state_store} lives in one process, and worker processes of their "
                "own could not see its jobs. Run one process with app.run(), or use sqlite."
            )
        report(_started(program, broker, settings))
        if target is None:
            return run_inline(program, broker, settings, report)
        kept = None if isinstance(broker, DirectBroker) else broker
        return Supervisor(target, kept, settings, report, capture=capture).run()
    finally:
        broker.close()


def _is_shared(broker: Broker | DirectBroker) -> bool:
    from ergate.contracts.capabilities import Capability

    if isinstance(broker, DirectBroker):
        return True
    return Capability.SHARED in broker.store.capabilities


def _started(program: Program, broker: Broker | DirectBroker, settings: Settings) -> RunStarted:
    return RunStarted(
        queue=broker.labels.queue,
        state_store=broker.labels.state_store,
        broker=broker.kind,
        level=str(broker.level),
        promise=broker.promise,
        processes=settings.process_count,
        concurrency=settings.concurrency,
        queues=tuple(settings.queues),
        workflows=tuple(workflow.unique_name for workflow in program.registry),
    )


def log_problems(event: Event) -> None:
    """Log what an operator must know of; used where nothing is displayed."""
    import logging

    from ergate.worker.events import JobsRecovered, StepsEnded, Trouble

    log = logging.getLogger("ergate")
    if isinstance(event, Trouble | JobsRecovered):
        log.warning("%s", event)
    elif isinstance(event, StepsEnded):
        for step in event.steps:
            if step.error is not None:
                log.warning(
                    "Step %s of job %s: %s. %s", step.step, step.job_id, step.outcome, step.error
                )
