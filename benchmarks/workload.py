"""The app that is measured: steps that do nothing, so that only the hops cost."""

from __future__ import annotations

import time

from ergate import Ergate, Workflow

app = Ergate()
one_step = Workflow(unique_name="one_step")
three_steps = Workflow(unique_name="three_steps")
stamp = Workflow(unique_name="stamp")


@one_step.step
def only(value: int) -> int:
    """Return the input."""
    return value


@three_steps.step
def first(value: int) -> int:
    """Return the input."""
    return value


@three_steps.step
def second(value: int) -> int:
    """Return the input."""
    return value


@three_steps.step
def third(value: int) -> int:
    """Return the input."""
    return value


@stamp.step
def note_start(sent_at: float) -> float:
    """Return the seconds from the call of enqueue to this line."""
    return time.time() - sent_at


for workflow in (one_step, three_steps, stamp):
    app.register_workflow(workflow)
