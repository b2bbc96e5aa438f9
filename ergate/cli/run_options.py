"""The options of `ergate run`; what they mean and allow is known to the settings."""

from __future__ import annotations

from typing import Annotated

import typer

QueuesOption = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="The names of the queues to serve (default: default)."),
]
ProcessesOption = Annotated[
    str | None,
    typer.Option(metavar="N|auto", help="How many worker processes; auto is one per CPU."),
]
ConcurrencyOption = Annotated[
    str | None,
    typer.Option(metavar="N", help="How many steps each process runs at the same time."),
]
BurstOption = Annotated[bool, typer.Option("--burst", help="Stop when no job is left to run.")]
ReloadOption = Annotated[
    bool,
    typer.Option("--reload", help="Load the app again when its .py, .toml or .json change."),
]
GraceOption = Annotated[
    str | None,
    typer.Option(metavar="DURATION", help="How long running steps may go on at a stop (25s)."),
]
MaxJobsOption = Annotated[
    str | None,
    typer.Option(metavar="N", help="Replace a process after so many steps."),
]
MaxRssOption = Annotated[
    str | None,
    typer.Option(metavar="MIB", help="Replace a process that uses more memory than this."),
]
LeaseOption = Annotated[
    str | None,
    typer.Option(metavar="DURATION", help="How long a worker may be silent (15s)."),
]
PublishToOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS",
        help="Publish every transition there, as in kafka://host:9092; may be given again.",
    ),
]
PlainOption = Annotated[
    bool, typer.Option("--plain", help="Print lines also where a live display could be shown.")
]
LogFormatOption = Annotated[
    str | None, typer.Option(metavar="console|json", help="How lines are written.")
]
LogLevelOption = Annotated[
    str | None,
    typer.Option(metavar="LEVEL", help="The least that is told: debug, info, warning, error."),
]
