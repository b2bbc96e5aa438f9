"""`ergate jobs`: what became of jobs. Its siblings order (`job_orders`) and wait (`job_watch`)."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ergate.cli import job_orders, job_watch
from ergate.cli.found import find_record, readable, whole_job
from ergate.cli.options import JsonOption, SinceOption, examples_text, new_app
from ergate.cli.place import Place, with_place
from ergate.cli.printing import print_json, show, stdout_width, tell
from ergate.jobs.status import JobStatus

app = new_app(
    "Jobs and what became of them.",
    "ergate jobs list --status failed --since 1h",
    "ergate jobs show 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70",
    "ergate jobs retry 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70 --dry-run",
)

JobArgument = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]


@app.command(
    "list",
    epilog=examples_text(
        "ergate jobs list",
        "ergate jobs list --status failed --since 1h",
        "ergate jobs list --workflow order --queue-name mails --limit 20 --json",
    ),
)
@with_place
def list_jobs(
    place: Place,
    *,
    status: Annotated[
        JobStatus | None, typer.Option("--status", help="Only jobs with this status.")
    ] = None,
    workflow: Annotated[
        str | None, typer.Option("--workflow", metavar="NAME", help="Only jobs of this workflow.")
    ] = None,
    queue_name: Annotated[
        str | None, typer.Option("--queue-name", metavar="NAME", help="Only jobs in this queue.")
    ] = None,
    since: SinceOption = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="At most so many jobs.")
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the newest first."""
    from ergate.contracts.state_store import JobFilter
    from ergate.display.jobs import jobs_table

    which = JobFilter(status=status, workflow=workflow, queue=queue_name, since=since)
    with place.broker() as broker:
        records = broker.store.list(which, limit=limit + 1)
    found = readable(place, records[:limit])
    if as_json:
        print_json([whole_job(record, job) for record, job in found])
    else:
        show(jobs_table([job for _, job in found], time.time(), width=stdout_width()))
    if len(records) > limit:
        tell(f"These are the newest {limit}; --limit shows more.")


@app.command(
    "show",
    epilog=examples_text(
        "ergate jobs show 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70",
        "ergate jobs show 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70 --json",
    ),
)
@with_place
def show_job(place: Place, job_id: JobArgument, *, as_json: JsonOption = False) -> None:
    """Show everything about one job: its values, where it stands, and its last error."""
    from ergate.display.jobs import job_detail

    with place.broker() as broker:
        record = find_record(broker, job_id)
    job = place.job(record)  # tells of a damaged row
    if as_json:
        print_json(whole_job(record, job))
    else:
        show(job_detail(record, time.time()))


@app.command(
    "history",
    epilog=examples_text(
        "ergate jobs history 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70",
        "ergate jobs history 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70 --json",
    ),
)
@with_place
def job_history(place: Place, job_id: JobArgument, *, as_json: JsonOption = False) -> None:
    """Show every transition of one job: which step ended how, when and on which worker."""
    from ergate.display.jobs import history_table
    from ergate.documents.stored import history_document

    with place.broker() as broker:
        rows = broker.store.history(job_id)
        if not rows:
            find_record(broker, job_id)
    if as_json:
        print_json([history_document(row) for row in rows])
    else:
        show(history_table(rows))


app.command("watch", epilog=job_watch.WATCH_EXAMPLES)(job_watch.watch)
app.command("wait", epilog=job_watch.WAIT_EXAMPLES)(job_watch.wait)
app.command("cancel", epilog=job_orders.CANCEL_EXAMPLES)(job_orders.cancel)
app.command("retry", epilog=job_orders.RETRY_EXAMPLES)(job_orders.retry)
app.command("prune", epilog=job_orders.PRUNE_EXAMPLES)(job_orders.prune)
