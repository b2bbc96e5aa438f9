"""The worker's own runner, with stand-ins for dependencies and a memory for exceptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ergate.errors import InvalidDefinitionError
from ergate.injection.building import label_of
from ergate.injection.plan import Plan
from ergate.jobs.events import Outcome, Unroutable
from ergate.jobs.record import JobRecord
from ergate.worker.event_loop import EventLoop
from ergate.worker.program import Program
from ergate.worker.runner import Runner, StepRun
from ergate.workflows.step import WorkflowStep

Override = Callable[..., object]


class RecordingRunner(Runner):
    """Runs steps as a worker does.

    Raises `InvalidDefinitionError` for an override of what no step depends on: a test that
    silently uses the real thing is worse than none.
    """

    def __init__(
        self, program: Program, loop: EventLoop, overrides: Mapping[Override, Override]
    ) -> None:
        super().__init__(program, loop)
        self.exceptions: dict[str, BaseException] = {}
        """What made each job's last failing run fail, by job id."""
        self._steps: dict[WorkflowStep[..., Any], WorkflowStep[..., Any]] = {}
        if overrides:
            steps = [step for workflow in program.registry for step in workflow]
            _refuse_unused(overrides, [step.plan for step in steps])
            self._steps = {step: step.overridden(overrides) for step in steps}

    def find(self, claim: JobRecord) -> StepRun | Unroutable:
        found = super().find(claim)
        if isinstance(found, Unroutable):
            return found
        return replace(found, step=self._steps.get(found.step, found.step))

    def raised(self, run: StepRun, exc: BaseException) -> Outcome:
        if isinstance(exc, KeyboardInterrupt):
            raise exc  # Ctrl-C is meant for the test run, not for the step
        return super().raised(run, exc)

    def _failed(self, run: StepRun, exc: BaseException) -> Outcome:
        self.exceptions[run.claim.id] = exc
        return super()._failed(run, exc)


def _refuse_unused(overrides: Mapping[Override, Override], plans: list[Plan]) -> None:
    used = {id(dependency.function) for plan in plans for dependency in plan.dependencies}
    functions = [dependency.function for plan in plans for dependency in plan.dependencies]
    unused = [key for key in overrides if id(key) not in used and key not in functions]
    if unused:
        names = ", ".join(sorted({label_of(function) for function in functions})) or "nothing"
        raise InvalidDefinitionError(
            f'No step depends on "{label_of(unused[0])}", so overriding it has no effect. '
            f"Steps depend on: {names}."
        )
