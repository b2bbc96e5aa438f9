"""The options of `ergate enqueue`."""

from __future__ import annotations

from typing import Annotated

import typer

from ergate.cli.inputs import FORM

WorkflowArgument = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="The workflow's unique name.")
]
InputOption = Annotated[
    str | None, typer.Option("--input", metavar="JSON|@FILE|-", help=f"The input: {FORM}.")
]
ContextOption = Annotated[
    str | None,
    typer.Option(metavar="JSON|@FILE|-", help="The job's user context, in the same forms."),
]
IdOption = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="An id of your own; a second job with it is none."),
]
QueueNameOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="The name of the queue to wait in.")
]
PriorityOption = Annotated[
    int, typer.Option(metavar="N", help="Higher runs first; may be negative.")
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait for the end and print the result as JSON.")
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="FILE|-", help="One job for each line, which is its input."),
]
SkipOption = Annotated[
    int, typer.Option(metavar="N", min=0, help="With --from: leave out the first N lines.")
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also tell when no app was found.")
]
