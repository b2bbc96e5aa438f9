"""`ergate enqueue`: hands in one job, or one for each line of a file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ergate.cli.bulk import enqueue_lines
from ergate.cli.enqueue_options import (
    ContextOption,
    FromOption,
    IdOption,
    InputOption,
    PriorityOption,
    QueueNameOption,
    SkipOption,
    VerboseOption,
    WaitOption,
    WorkflowArgument,
)
from ergate.cli.inputs import json_text, json_value
from ergate.cli.options import (
    AppOption,
    AtOption,
    InOption,
    JsonOption,
    ProfileOption,
    QueueOption,
    StateOption,
    TimeoutOption,
    examples_text,
    new_app,
)
from ergate.cli.place import Place, find_place
from ergate.cli.printing import job_document, print_json, print_line, tell
from ergate.cli.waiting import left_alone, wait_for_end
from ergate.errors import UsageError

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.client import Client, Wish
    from ergate.jobs.job import Job

app = new_app("Hand in jobs.")


@app.command(
    epilog=examples_text(
        "ergate enqueue my_first_workflow --input '{\"n\": 1}'",
        "ergate enqueue my_first_workflow --input @order.json --wait --timeout 1m",
        "ergate enqueue my_first_workflow --input 1 --in 5m --id order-17",
        "ergate enqueue my_first_workflow --from inputs.jsonl",
        "seq 1000 | ergate enqueue my_first_workflow --from -",
    )
)
def enqueue(
    *,
    workflow: WorkflowArgument,
    input_text: InputOption = None,
    context: ContextOption = None,
    job_id: IdOption = None,
    queue_name: QueueNameOption = None,
    priority: PriorityOption = 0,
    at: AtOption = None,
    in_s: InOption = None,
    wait: WaitOption = False,
    timeout_s: TimeoutOption = None,
    lines: FromOption = None,
    skip: SkipOption = 0,
    app_name: AppOption = None,
    queue: QueueOption = None,
    state: StateOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Hand in a job, or one for each line of a file.

    Prints the job's id: then it is stored and will run.
    The workflow's name and the input are checked if the app can be loaded; it need not be.
    Exit codes with --wait: 0 completed, 1 failed, aborted, cancelled or not ended in time.
    """
    given: dict[str, object] = {"--input": input_text, "--id": job_id, "--wait": wait or None}
    _check_options(given, lines, skip, timeout_s if not wait else None)
    place = find_place(app=app_name, queue=queue, state=state, profile=profile)
    if verbose and place.app_problem is not None:
        tell(f"Going on without an app; neither name nor input is checked. {place.app_problem}")
    wish = _wish(context, job_id, queue_name, priority, at, in_s)
    with place.broker() as broker:
        client = place.client_of(broker)
        if lines is not None:
            enqueue_lines(
                client, _known(place, broker, workflow), lines, wish, skip=skip, as_json=as_json
            )
            return
        job = _enqueue_one(client, workflow, input_text, wish)
        if wait:
            with left_alone(str(job.id)):
                hint_if_nobody_works(broker, job)
                wait_for_end(client, str(job.id), timeout_s, whole=as_json)
        elif as_json:
            print_json(job_document(job))
        else:
            print_line(str(job.id))


def _check_options(
    given: dict[str, object], lines: str | None, skip: int, lone_timeout_s: float | None
) -> None:
    if lines is not None:
        for name, value in given.items():
            if value is not None:
                raise UsageError(f"{name} is for one job and cannot go together with --from.")
    elif skip:
        raise UsageError("--skip leaves out lines of --from, which was not given.")
    if lone_timeout_s is not None:
        raise UsageError("--timeout says how long to --wait, which was not given.")


def _wish(
    context: str | None,
    job_id: str | None,
    queue_name: str | None,
    priority: int,
    at: Any,
    in_s: float | None,
) -> Wish:
    from ergate.client import Wish

    if at is not None and in_s is not None:
        raise UsageError("A job can start at a time (--at) or after some (--in), not both.")
    return Wish(
        id=job_id,
        context=None if context is None else json_value(context, "--context"),
        queue=queue_name,
        priority=priority,
        at=at,
        in_s=in_s,
    )


def _known(place: Place, broker: Broker, workflow: str) -> str:
    """Return the name; raises `UnknownWorkflowError` when there is an app that has it not."""
    if place.app is not None:
        place.known(broker).get(workflow)
    return workflow


def _enqueue_one(client: Client[Any], workflow: str, text: str | None, wish: Wish) -> Job:
    from ergate.client import JsonText

    value = None if text is None else JsonText(json_text(text, "--input"))
    job: Job = client.enqueue(workflow, value, wish)
    return job


def hint_if_nobody_works(broker: Broker, job: Job) -> None:
    """Tell a person who waits that no worker serves the job's queue."""
    if broker.kind == "direct":
        return  # a journal cannot tell who works
    now = time.time()
    workers = broker.store.workers()
    if not any(job.queue in worker.queues and worker.expires_at > now for worker in workers):
        tell(f'note: no worker serves the queue "{job.queue}" now. Start one with: ergate run')
