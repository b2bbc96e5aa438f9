"""`ergate events`: the inputs that start workflows, as the HTTP API takes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.enqueue import hint_if_nobody_works
from ergate.cli.enqueue_options import IdOption, WaitOption
from ergate.cli.inputs import FORM, json_value
from ergate.cli.options import JsonOption, TimeoutOption, examples_text, new_app
from ergate.cli.place import Place, with_place
from ergate.cli.printing import job_document, print_json, print_line
from ergate.cli.waiting import left_alone, tell_end
from ergate.errors import UsageError
from ergate.jobs.status import JobStatus

if TYPE_CHECKING:
    from ergate.jobs.job import Job
    from ergate.workflows.registry import Registry

app = new_app(
    "Events, which start workflows.",
    'ergate events send process-text --data \'{"message": "The Sun"}\' --wait',
    "ergate events send process-text --data @event-text.json",
)


@app.callback(epilog=app.info.epilog)
def events() -> None:
    """Events, which start workflows."""


@app.command(
    "send",
    epilog=examples_text(
        'ergate events send process-text --data \'{"message": "The Sun"}\' --wait',
        "ergate events send process-text --data @event-text.json --id text-17",
        "cat event-text.json | ergate events send process-text --data - --wait --timeout 1m --json",
    ),
)
@with_place
def send_event(
    place: Place,
    workflow: Annotated[
        str, typer.Argument(metavar="WORKFLOW", help="The workflow's name, or its id.")
    ],
    *,
    data: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="JSON|@FILE|-",
            help=f'The inputs, bare or as {{"data": {{…}}}}: {FORM}.',
        ),
    ],
    event_id: IdOption = None,
    wait: WaitOption = False,
    timeout_s: TimeoutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an event: a job of the workflow, with the event's data as its input.

    Prints the event's id, or with --wait its outputs: once it has an id it is stored and will run.
    An event is the job of the same id, so that `ergate jobs` shows it.
    Exit codes with --wait: 0 completed, 1 failed, aborted, cancelled or not ended in time.
    """
    from ergate.client import JsonText, Wish

    if timeout_s is not None and not wait:
        raise UsageError("--timeout says how long to --wait, which was not given.")
    inputs = data_of(json_value(data, "--data"))
    with place.broker() as broker:
        client = place.client_of(broker)
        text = JsonText(json.dumps(inputs, ensure_ascii=False))
        name = _name_of(place.known(broker), workflow)
        job: Job = client.enqueue(name, text, Wish(id=event_id))
        if wait:
            with left_alone(str(job.id)):
                hint_if_nobody_works(broker, job)
                job = client.wait(str(job.id), timeout_s)
    if as_json:
        _print_event(job)
    elif not wait:
        print_line(str(job.id))
    elif job.status is JobStatus.COMPLETED:
        print_json(job.last_return_value)
    if wait:
        tell_end(job)


def data_of(document: object) -> object:
    """Return the inputs from an event: what stands under `data`, or the whole object.

    An object with `data` as its only key always means what stands there. Raises `UsageError`.
    """
    if not isinstance(document, dict):
        raise UsageError(
            '--data: an event is a JSON object, {"data": {…}} with the inputs of the workflow or '
            "just the inputs."
        )
    return document["data"] if document.keys() == {"data"} else document


def _name_of(known: Registry, name_or_id: str) -> str:
    """Return the name of a workflow that is known; raises `UnknownWorkflowError`."""
    from ergate.services.stored import id_of

    if name_or_id in known:
        return name_or_id
    ids = {id_of("workflow", name): name for name in known.names()}
    return ids[name_or_id] if name_or_id in ids else known.get(name_or_id).unique_name


def _print_event(job: Job) -> None:
    from ergate.documents.events import event_document

    print_json(event_document(job_document(job)))
