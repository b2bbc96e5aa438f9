"""`ergate queues move`: all that waits goes from one backend to another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.confirming import YesOption, confirm
from ergate.cli.options import AppOption, JsonOption, ProfileOption
from ergate.cli.place import Place, find_place
from ergate.cli.printing import print_json, print_line, tell
from ergate.cli.progress import progress_bar
from ergate.errors import BackendError, UsageError

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.brokers.moving import Moved, Mover
    from ergate.contracts.state_store import WorkerInfo

INTERRUPTED = 130
EXAMPLES = (
    "ergate queues move --to postgres://db.example/shop",
    "ergate queues move --from redis://cache:6379 --to postgres://db.example/shop --yes",
    "ergate queues move --from rabbitmq --from-state postgres --to kafka --to-state redis",
)
_GO_ON = "Nothing is lost: run the same command again to go on."
_SHOWN_WORKERS = 5

FromOption = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="ADDRESS", help="Where jobs wait now; else what the settings say."
    ),
]
FromStateOption = Annotated[
    str | None,
    typer.Option("--from-state", metavar="ADDRESS", help="Where they are kept, if elsewhere."),
]
ToOption = Annotated[
    str, typer.Option("--to", metavar="ADDRESS", help="Where they are to wait from now on.")
]
ToStateOption = Annotated[
    str | None,
    typer.Option("--to-state", metavar="ADDRESS", help="Where they are to be kept, if elsewhere."),
]
QueuesOption = Annotated[
    str | None,
    typer.Option(
        "--queues",
        metavar="NAMES",
        help="Further queues of --from to empty, beside those that have jobs, separated by commas.",
    ),
]
WhileRunningOption = Annotated[
    bool,
    typer.Option(
        "--while-running", help="Move although workers run at --from; what they hold stays there."
    ),
]
ElsewhereOption = Annotated[
    bool,
    typer.Option(
        "--elsewhere", help="Take jobs along that an earlier move was taking to another place."
    ),
]


def move(
    *,
    source: FromOption = None,
    source_state: FromStateOption = None,
    target: ToOption,
    target_state: ToStateOption = None,
    queues: QueuesOption = None,
    while_running: WhileRunningOption = False,
    elsewhere: ElsewhereOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    app_name: AppOption = None,
    profile: ProfileOption = None,
) -> None:
    """Move all that waits from one backend to another: jobs, retries and dead letters.

    Jobs keep their ids, attempts, times and history. Ended jobs stay where they are.
    Stop the workers first, and start them at the new place afterwards.
    Interrupted, even by a kill, it goes on when it is run again.
    Exit code 1 when a job stays because the target has another one with its id.
    """
    place = find_place(app=app_name, profile=profile)
    with ExitStack() as stack:
        here = stack.enter_context(_source(place, source, source_state))
        there = stack.enter_context(_opened(place, target, target_state))
        _refuse_same(here, there)
        _refuse_workers(here, while_running=while_running)
        mover = _mover(place, here, there, queues, elsewhere=elsewhere)
        total = mover.left()
        confirm(
            f"{total:,} jobs and dead letters would move from {here.labels.state_store} "
            f"to {there.labels.state_store}.",
            yes=yes or not total,
        )
        moved = _run(mover, total)
        _tell(moved, here, there, as_json=as_json)
    raise typer.Exit(1 if moved.kept_out else 0)


@contextmanager
def _source(place: Place, queue: str | None, state: str | None) -> Iterator[Broker]:
    """Open what was named; the settings say nothing about the half that was not."""
    if queue is None and state is None:
        with place.broker(orders="let jobs move") as broker:
            yield broker
    else:
        with _opened(place, queue, state) as broker:
            yield broker


@contextmanager
def _opened(place: Place, queue: str | None, state: str | None) -> Iterator[Broker]:
    from ergate.brokers.broker import Broker
    from ergate.brokers.opening import open_broker
    from ergate.plugins.resolve import resolve_backend

    for address in filter(None, (queue, state)):
        if resolve_backend(address, "queue")[0].single_process:
            raise UsageError(f'"{address}" lives in the memory of one process: no job can move.')
    broker = open_broker(queue, state, limits=place.limits)
    try:
        if not isinstance(broker, Broker):
            raise UsageError(
                f"{broker.labels.state_store} is a journal, which is only written to and read: "
                "jobs wait as messages in front of it, and end where they are."
            )
        yield broker
    finally:
        broker.close()


def _refuse_same(here: Broker, there: Broker) -> None:
    if here.labels == there.labels:
        raise UsageError(
            f"--from and --to are both {there.labels.queue}: name another place to move to."
        )


def _refuse_workers(here: Broker, *, while_running: bool) -> None:
    now = time.time()
    live = [worker for worker in here.store.workers() if worker.expires_at > now]
    if not live or while_running:
        return
    names = ", ".join(map(_named, live[:_SHOWN_WORKERS]))
    more = f" and {len(live) - _SHOWN_WORKERS} more" if len(live) > _SHOWN_WORKERS else ""
    raise UsageError(
        f"Workers run at {here.labels.state_store}: {names}{more}. Stop them first; one that was "
        "killed counts until its lease ends. With --while-running all moves that they do not "
        "hold. See `ergate workers list`."
    )


def _named(worker: WorkerInfo) -> str:
    machine = worker.host.partition("/")[0]
    return f"{worker.worker_id} (pid {worker.pid} on {machine})"


def _mover(
    place: Place, here: Broker, there: Broker, queues: str | None, *, elsewhere: bool
) -> Mover:
    from ergate.brokers.moving import Mover
    from ergate.jobs.events import RecoveryPolicy

    further = [name.strip() for name in (queues or "").split(",") if name.strip()]
    mover = Mover(
        source=here,
        target=there,
        queues=[*place.settings.queues, *further],
        limits=place.limits,
        registry=place.registry,
        policy=RecoveryPolicy(max_deliveries=place.settings.max_deliveries),
        elsewhere=elsewhere,
    )
    mover.check()
    return mover


def _run(mover: Mover, total: int) -> Moved:
    try:
        with progress_bar(total) as advance:
            mover.advance = lambda count: advance(mover.moved.jobs, count)
            return mover.run()
    except BackendError as exc:
        raise type(exc)(f"{exc}\n{mover.moved.jobs:,} jobs have moved. {_GO_ON}") from exc
    except KeyboardInterrupt:
        tell(f"Interrupted after {mover.moved.jobs:,} jobs. {_GO_ON}")
        raise typer.Exit(INTERRUPTED) from None


def _tell(moved: Moved, here: Broker, there: Broker, *, as_json: bool) -> None:
    if as_json:
        places = {"from": here.labels.state_store, "to": there.labels.state_store}
        print_json(places | asdict(moved))
    else:
        print_line(
            f"{moved.jobs:,} jobs moved: {moved.ready:,} ready, {moved.scheduled:,} scheduled, "
            f"{moved.retries:,} retries; and {moved.dead_letters:,} dead letters."
        )
        if moved.resumed:
            print_line(f"{moved.resumed:,} of them had been left on their way.")
    for job_id in moved.kept_out:
        tell(f"error: job {job_id} stays: {there.labels.state_store} has another one of this id.")
    if moved.running:
        tell(f"note: {moved.running:,} jobs still run at {here.labels.state_store}, and stay.")
    if moved.waiting > 0:
        tell(f"note: {moved.waiting:,} jobs came too late. Run the same command again.")
    if moved.messages:
        tell(f"note: the queue still holds {moved.messages:,} messages that it gave to nobody.")
