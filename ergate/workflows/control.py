"""What a step raises to steer its job: to a later step, to the end, or to abort it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ergate.errors import UsageError
from ergate.injection.ending import NormalEnd

if TYPE_CHECKING:
    from ergate.workflows.step import WorkflowStep


class Steering(BaseException):
    """The base of what a step raises to steer its job; it is no error.

    It does not derive from `Exception` on purpose: a step's own `except Exception:`, meant for
    real failures, must not swallow the order and silently send the job the wrong way.
    """


class GoToStep(Steering, NormalEnd):
    """End this step well and go on with a later one, which gets `retval` as its input.

    `step` is a step of the same workflow, or its name; it must stand after the running one.
    It runs `in_s` seconds from now, or `at` a time, at the earliest; the job waits in the state
    store until then, and keeps no worker busy. A time without a zone is UTC.
    Raises `UsageError` when both are given, or `in_s` is no finite number.
    """

    def __init__(
        self,
        step: WorkflowStep[..., Any] | str,
        retval: object = None,
        *,
        in_s: float | None = None,
        at: datetime | None = None,
    ) -> None:
        super().__init__(step, retval)
        if in_s is not None and (at is not None or not math.isfinite(in_s)):
            raise UsageError("GoToStep takes in_s, a finite number of seconds, or at, not both.")
        self.step = step
        self.retval = retval
        self.in_s = in_s
        self.at = at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at

    @property
    def step_name(self) -> str:
        """The name of the step to go to."""
        return self.step if isinstance(self.step, str) else self.step.name

    def __str__(self) -> str:
        return f'go to step "{self.step_name}"'


class GoToEnd(Steering, NormalEnd):
    """End this step well and complete the job, with `retval` as its last return value."""

    def __init__(self, retval: object = None) -> None:
        super().__init__(retval)
        self.retval = retval

    def __str__(self) -> str:
        return "go to the end"


class AbortJob(Steering):
    """Stop the job for good, as ABORTED, and keep the message.

    Dependencies see it as an exception: what they hold open is rolled back.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message
