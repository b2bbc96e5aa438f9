"""To wait for a job's end and to tell it: `enqueue --wait` and `jobs wait`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from ergate.cli.printing import job_document, print_json, tell
from ergate.jobs.status import JobStatus

if TYPE_CHECKING:
    from ergate.client import Client
    from ergate.jobs.job import Job

INTERRUPTED = 130


def wait_for_end(client: Client[Any], job_id: str, timeout_s: float | None, *, whole: bool) -> None:
    """Block until the job has ended and print its last return value as JSON, or the `whole` job.

    Ends with exit code 1 and the error on stderr when the job did not complete, or did not in
    time, and with 130 at Ctrl-C, which leaves the job alone. Raises `JobNotFoundError`.
    """
    with left_alone(job_id):
        job = client.wait(job_id, timeout_s)
    print_end(job, whole=whole)


@contextmanager
def left_alone(job_id: str) -> Iterator[None]:
    """At Ctrl-C or a time-out inside the block, end the command and say that the job goes on."""
    try:
        yield
    except (KeyboardInterrupt, TimeoutError) as exc:
        is_late = isinstance(exc, TimeoutError)
        tell(f"error: {exc}" if is_late else "No longer waiting.")
        tell(f"The job goes on. Watch it with: ergate jobs watch {job_id}")
        raise typer.Exit(1 if is_late else INTERRUPTED) from None


def print_end(job: Job, *, whole: bool) -> None:
    """Print what an ended job returned; raises `typer.Exit` with 1 when it did not complete."""
    if whole:
        print_json(job_document(job))
    elif job.status is JobStatus.COMPLETED:
        print_json(job.last_return_value)
    tell_end(job)


def tell_end(job: Job) -> None:
    """Tell how a job ended that did not complete, and raise `typer.Exit` with 1 for it."""
    if job.status is not JobStatus.COMPLETED:
        tell(f"error: {ending(job)}")
        raise typer.Exit(1)


def ending(job: Job) -> str:
    """Return how a job ended without completing, and what to do about it."""
    said = f"Job {job.id} was {job.status}" if job.error is None else _failed(job)
    return f"{said}\nSee it with: ergate jobs show {job.id}"


def _failed(job: Job) -> str:
    assert job.error is not None
    step = f' in step "{job.error.step_name}"' if job.error.step_name else ""
    verb = job.status if job.status is JobStatus.FAILED else f"was {job.status}"
    return f"Job {job.id} {verb}{step}: {job.error.type}: {job.error.message}"
