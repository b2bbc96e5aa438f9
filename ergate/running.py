"""From an app and its settings to running workers and somebody who watches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ergate.brokers.direct import DirectBroker
from ergate.contracts.address import redact_url
from ergate.errors import UsageError
from ergate.services.declared import with_declared
from ergate.supervisor.inline import run_inline
from ergate.supervisor.publishing import publishing
from ergate.supervisor.reload import Reloader
from ergate.supervisor.supervisor import Supervisor
from ergate.worker.events import Event, RunStarted, Trouble
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
    watch: Path | None = None,
) -> int:
    """Run an app's workers; return the exit code when they have stopped.

    With a `target` they are processes of their own that find the app there; without one, or when
    no other process could see the jobs, the one worker is this process.
    `report` is told everything; without it, problems are logged. When files below `watch` change,
    workers load the app again.
    Raises `UsageError` for what cannot be run so, and `BackendError`.
    """
    report = report or log_problems
    program, broker = app.program(settings), app.open_broker(settings)
    try:
        if target is not None and not _is_shared(broker):
            _check_one_process(broker, settings, watch)
            target = None
        _check_can_end(broker, settings)
        register_definitions(program, broker, settings)
        reloader = Reloader(watch) if watch is not None else None
        with publishing(broker, settings, report):
            report(_started(program, broker, settings))
            warn_of_no_callbacks(broker, settings, report)
            if target is None:
                return run_inline(program, broker, settings, report)
            kept = None if isinstance(broker, DirectBroker) else broker
            return Supervisor(
                target, kept, settings, report, capture=capture, reloader=reloader
            ).run()
    finally:
        broker.close()


def register_definitions(
    program: Program, broker: Broker | DirectBroker, settings: Settings
) -> None:
    """Register what the setting `definitions` names, and check what services are called with.

    Raises `UsageError` for a file with a fault, for a setting that cannot be, and for a store
    that keeps no definitions.
    """
    if not isinstance(broker, DirectBroker):
        with_declared(program.registry, broker.store, settings)
    if settings.definitions is None:
        return
    if isinstance(broker, DirectBroker):
        raise UsageError(
            f"The setting definitions needs a full state store, and {broker.labels.state_store} "
            "keeps no definitions. Use sqlite, postgres or redis."
        )
    from ergate.services.catalog import Catalog
    from ergate.services.directory import register_directory

    catalog = Catalog(broker.store, program.registry.__contains__)
    register_directory(catalog, Path(settings.definitions).expanduser())


def warn_of_no_callbacks(broker: Broker | DirectBroker, settings: Settings, report: Report) -> None:
    """Tell of services that declare that they may finish later, and cannot with these settings."""
    from ergate.contracts.capabilities import Capability
    from ergate.services.callback import CallbackAddresses
    from ergate.services.calls import no_offer

    if isinstance(broker, DirectBroker) or CallbackAddresses.of(settings).can_be_made:
        return
    if Capability.DEFINITIONS not in broker.store.capabilities:
        return
    # Looked for in the text: whoever declares no services need not load what reads them.
    services = broker.store.definitions("service")
    in_vain = [one.name for one in services if '"finishes_within_s":' in one.body]
    if in_vain:
        report(Trouble(what=no_offer(*in_vain)))


def _check_one_process(
    broker: Broker | DirectBroker, settings: Settings, watch: Path | None
) -> None:
    """Raise `UsageError` for what needs worker processes beside this one."""
    labels = broker.labels
    # Before a journal it is the queue that lives here.
    store = labels.queue if isinstance(broker, DirectBroker) else labels.state_store
    if settings.process_count > 1:
        raise UsageError(
            f'"{store}" lives in the memory of one process, and {settings.process_count} worker '
            "processes could not see each other's jobs. Use --processes 1, or sqlite, which needs "
            "no server and serves several processes."
        )
    if watch is not None:
        raise UsageError(
            f'--reload replaces worker processes, and "{store}" would lose its jobs with them. '
            "Use sqlite, which needs no server."
        )


def _check_can_end(broker: Broker | DirectBroker, settings: Settings) -> None:
    """Raise `UsageError` for a burst that would never be over."""
    if settings.burst and isinstance(broker, DirectBroker):
        why = (
            f"{broker.labels.queue} has get_one and put, and neither says that it is empty."
            if broker.client_side is None
            else f"{broker.labels.state_store} is a journal, which does not know what is running."
        )
        raise UsageError(
            f"Nobody can tell when nothing is left to run: {why} Leave burst out and stop with "
            'Ctrl-C, or name a full state store, as in state_store="sqlite".'
        )


def _is_shared(broker: Broker | DirectBroker) -> bool:
    from ergate.contracts.capabilities import Capability

    if isinstance(broker, DirectBroker):
        return broker.is_shared
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
        workflows=(*(workflow.unique_name for workflow in program.registry), *_declared(broker)),
        publish_to=tuple(map(redact_url, settings.publish_to)),
    )


def _declared(broker: Broker | DirectBroker) -> list[str]:
    """Return the names of the workflows that are declared in the store."""
    from ergate.contracts.capabilities import Capability

    if isinstance(broker, DirectBroker) or Capability.DEFINITIONS not in broker.store.capabilities:
        return []
    return [stored.name for stored in broker.store.definitions("workflow")]


def log_problems(event: Event) -> None:
    """Log what an operator must know of; used where nothing is displayed."""
    import logging

    from ergate.worker.events import JobsRecovered, StepsEnded, Trouble

    log = logging.getLogger("ergate")
    if isinstance(event, Trouble | JobsRecovered):
        log.warning("%s", event.what if isinstance(event, Trouble) else event)
    elif isinstance(event, StepsEnded):
        for step in event.steps:
            if step.error is not None:
                log.warning(
                    "Step %r of job %r: %s, %r", step.step, step.job_id, step.outcome, step.error
                )
