"""What one run of a step can be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepValues:
    """The stored values of one run of a step, as JSON.

    `None` stands for JSON `null`.
    `job` makes the job; it is called only when a parameter asks for it, each time one does.
    """

    input_json: str | None
    context_json: str | None
    job: Callable[[], object]
    connection: object = None
    """Where the step's outcome will be written; `None` when it is not written with the step."""
