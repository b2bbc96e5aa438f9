"""`ergate jobs watch` and `ergate jobs wait`: to be there when a job ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.found import find_record, whole_job
from ergate.cli.options import JsonOption, TimeoutOption, examples_text
from ergate.cli.place import Place, with_place
from ergate.cli.printing import print_json, print_line, tell
from ergate.cli.waiting import ending, wait_for_end
from ergate.jobs.status import JobStatus

if TYPE_CHECKING:
    from ergate.contracts.state_store import StateStore
    from ergate.jobs.record import HistoryRow, JobRecord

POLL_S = 0.1
WATCH_EXAMPLES = examples_text(
    "ergate jobs watch 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70",
    "ergate jobs watch 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70 | tee job.log",
)
WAIT_EXAMPLES = examples_text(
    "ergate jobs wait 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70",
    "ergate jobs wait 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70 --timeout 5m --json",
)

JobArgument = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]
Look = tuple["JobRecord", Sequence["HistoryRow"]]
"""A job and its whole history, as they were together at one moment."""


@with_place
def wait(
    place: Place, job_id: JobArgument, *, timeout: TimeoutOption = None, as_json: JsonOption = False
) -> None:
    """Wait until a job has ended and print its result as JSON; --json prints the whole job."""
    with place.client() as client:
        wait_for_end(client, job_id, timeout, whole=as_json)


@with_place
def watch(place: Place, job_id: JobArgument, *, as_json: JsonOption = False) -> None:
    """Watch a job until it ends: live on a terminal, else a line for each step.

    With --json nothing is shown on the way, and the whole job is printed when it has ended.
    """
    from ergate.display.choose import can_draw

    with place.broker() as broker:
        looks = follow(broker.store, find_record(broker, job_id))
        if as_json:
            record = [record for record, _ in looks][-1]
            print_json(whole_job(record, place.job(record)))
        elif can_draw(sys.stdout):
            record = _show_live(looks)
        else:
            record = _show_lines(looks)
    if record.status is not JobStatus.COMPLETED:
        tell(f"error: {ending(place.job(record))}")
        raise typer.Exit(1)


def follow(store: StateStore, record: JobRecord) -> Iterator[Look]:
    """Yield the job now and then with its history, the last time when it has ended."""
    while True:
        asked = time.monotonic()
        yield record, store.history(record.id)
        if record.status.is_final:
            return
        time.sleep(max(POLL_S, time.monotonic() - asked))  # one that must search long is spared
        # A job that was pruned meanwhile had ended.
        record = store.get(record.id) or record


def _show_lines(looks: Iterator[Look]) -> JobRecord:
    from ergate.display.watching import claim_line, history_line

    told, claimed = 0, None
    for record, rows in looks:
        for row in rows:
            if row.revision > told:
                print_line(history_line(row))
                told = row.revision
        if record.claimed_at is not None and record.revision not in (claimed, told):
            print_line(claim_line(record))
            claimed = record.revision
    return record


def _show_live(looks: Iterator[Look]) -> JobRecord:
    from rich.live import Live

    from ergate.display.console import make_console
    from ergate.display.watching import watched

    with Live(console=make_console(sys.stdout), auto_refresh=False) as live:
        for record, rows in looks:
            live.update(watched(record, rows, time.time()), refresh=True)
    return record
