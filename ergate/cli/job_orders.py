"""`ergate jobs cancel`, `retry` and `prune`: what changes jobs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.confirming import YesOption, confirm
from ergate.cli.found import find_record, known_workflow, whole_job
from ergate.cli.inputs import FORM, json_text
from ergate.cli.options import JsonOption, examples_text
from ergate.cli.place import Place, with_place
from ergate.cli.printing import print_json, print_line, show, tell
from ergate.cli.times import duration
from ergate.errors import ErgateError, NotFoundError, UsageError
from ergate.jobs.status import JobStatus

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.cli.place import Place
    from ergate.contracts.state_store import JobFilter
    from ergate.jobs.record import JobRecord
    from ergate.restart import RestartPlan

CANCEL_EXAMPLES = examples_text(
    "ergate jobs cancel 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70",
    "ergate jobs list --status queued --json | jq -r '.[].id' | xargs ergate jobs cancel",
)
RETRY_EXAMPLES = examples_text(
    "ergate jobs retry 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70",
    "ergate jobs retry 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70 --from-step charge --dry-run",
    "ergate jobs retry 01926f3e-7c1d-7a52-9c3e-2f6d8b1a4e70 --input '{\"n\": 2}' --yes",
)
PRUNE_EXAMPLES = examples_text(
    "ergate jobs prune --dry-run",
    "ergate jobs prune --older-than 30d --yes",
    "ergate jobs prune --status cancelled --older-than 0s --yes",
)
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only show what would happen; change nothing.")
]

FromStepOption = Annotated[
    str | None,
    typer.Option(
        "--from-step",
        metavar="STEP",
        help="Begin with this step; the results of those before it stay.",
    ),
]
NewInputOption = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="JSON|@FILE|-",
        help=f"What that step gets instead of what it got: {FORM}.",
    ),
]


# --- cancel ---------------------------------------------------------------------------------------


@with_place
def cancel(
    place: Place,
    job_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of the jobs.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Cancel jobs: those that wait at once, those that run when their step ends.

    A job that cannot be cancelled is told of, and the others are cancelled all the same.
    """
    from ergate.services.webhooks import hint

    cancelled: list[JobRecord] = []
    problems: list[ErgateError] = []
    with place.broker(orders="cancel a job") as broker:
        for job_id in dict.fromkeys(job_ids):
            try:
                cancelled.append(broker.store.cancel(job_id))
            except (UsageError, NotFoundError) as exc:
                problems.append(exc)
        for record in cancelled:
            hint(broker.store, record)
    if as_json:
        print_json([whole_job(record, place.job(record)) for record in cancelled])
    else:
        for record in cancelled:
            print_line(f"{record.id} {record.shown_status}")
    for problem in problems:
        tell(f"error: {problem}")
    if problems:
        raise typer.Exit(max(problem.exit_code for problem in problems))


# --- retry ----------------------------------------------------------------------------------------


@with_place
def retry(
    place: Place,
    job_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a job that has ended.")],
    *,
    from_step: FromStepOption = None,
    new_input: NewInputOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run an ended job again, from the step at which it stopped or from an earlier one.

    With --json prints the job, or with --dry-run the plan.
    """
    from ergate.display.restart import restart_table
    from ergate.documents.stored import restart_document

    text = None if new_input is None else json_text(new_input, "--input")
    with place.broker(orders="let a job run again") as broker:
        record = find_record(broker, job_id)
        plan = _plan(place, broker, record, from_step, text)
        if dry_run:
            if as_json:
                print_json(restart_document(plan))
            else:
                show(restart_table(plan))
            return
        confirm(_question(plan), yes=yes)
        after = broker.store.restart(job_id, plan.event)
    if as_json:
        print_json(whole_job(after, place.job(after)))
    else:
        print_line(f"{after.id} {after.status}")
        tell(f"Watch it with: ergate jobs watch {after.id}")


def _plan(
    place: Place, broker: Broker, record: JobRecord, from_step: str | None, text: str | None
) -> RestartPlan:
    """Return the plan, its edited input checked against the step's type if that is known."""
    from ergate.client import JsonText, input_text
    from ergate.restart import plan_restart

    workflow = known_workflow(place, broker, record)
    plan = plan_restart(
        record,
        broker.store.history(record.id),
        workflow=workflow,
        from_step=from_step,
        input_text=text,
    )
    if text is None:
        return plan
    step = None if workflow is None else workflow[plan.step]
    checked = input_text(step, JsonText(text), place.limits)
    return replace(plan, event=replace(plan.event, input_json=checked))


def _question(plan: RestartPlan) -> str:
    kept = f", keeping the results of {', '.join(one.step for one in plan.kept)}"
    return (
        f"Job {plan.job_id} would run {', '.join(plan.again)} again{kept if plan.kept else ''}; "
        "what these steps did outside may happen a second time."
    )


# --- prune ----------------------------------------------------------------------------------------


@with_place
def prune(
    place: Place,
    *,
    older_than_s: Annotated[
        float | None,
        typer.Option(
            "--older-than",
            metavar="DURATION",
            parser=duration,
            help="Only jobs that ended so long ago (7d, 12h); else the setting retention_s.",
        ),
    ] = None,
    status: Annotated[
        JobStatus | None, typer.Option("--status", help="Only jobs that ended with this status.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete jobs that ended long ago, with their history."""
    from ergate.display.figures import counted

    which = _ended(place, older_than_s, status)
    with place.broker(orders="delete jobs") as broker:
        number = sum(broker.store.count(which).values())
        if not dry_run and number:
            confirm(f"{counted(number, 'job')} would be deleted with their history.", yes=yes)
            number = _prune(broker, which)
    if as_json:
        print_json({"would_delete" if dry_run else "deleted": number})
    else:
        print_line(f"{counted(number, 'job')} {'would be deleted' if dry_run else 'deleted'}")


def _ended(place: Place, older_than_s: float | None, status: JobStatus | None) -> JobFilter:
    from ergate.contracts.state_store import JobFilter

    if status is not None and not status.is_final:
        raise UsageError(f"Only jobs that have ended can be deleted, and {status} is no end.")
    age_s = place.settings.retention_s if older_than_s is None else older_than_s
    if age_s is None:
        raise UsageError("The setting retention_s keeps jobs for ever: say --older-than, as in 7d.")
    return JobFilter(status=status, finished_before=time.time() - age_s)


def _prune(broker: Broker, which: JobFilter) -> int:
    total = 0
    while deleted := broker.store.prune(which):
        total += deleted
    return total
