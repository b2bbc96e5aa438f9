"""An ended job runs again: from which step, with which input, keeping which results.

The history tells the way that the job took; the workflow, where the app is at hand, tells the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ergate.errors import UnknownStepError, UsageError, did_you_mean
from ergate.jobs.events import RestartAsked
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.workflows.workflow import Workflow

UNNAMED = "(the first step)"
"""Stands for a first step that was never named: the job came from where the app was not known."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that the job has passed, and its result as JSON text."""

    step: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPlan:
    """What a restart would do."""

    job_id: str
    event: RestartAsked
    step: str
    """The step to begin with, as people call it."""
    kept: tuple[Passed, ...]
    """The steps before it; they do not run, and their results stay."""
    again: tuple[str, ...]
    """Steps that ran before and will run again, the first one included."""
    ahead: tuple[str, ...]
    """Steps that may follow for the first time; empty without the workflow."""
    edited: bool = False
    """Whether the input is another one than the step got before."""


def plan_restart(
    record: JobRecord,
    history: Sequence[HistoryRow],
    *,
    workflow: Workflow | None,
    from_step: str | None = None,
    input_text: str | None = None,
) -> RestartPlan:
    """Return how an ended job would run again from `from_step`, or from where it stopped.

    The step gets the input that it got before, unless `input_text`, JSON, replaces it. Without
    the workflow the percentage starts again at 0 and the queue is the job's first one.
    Raises `UsageError` for a job that has not ended, or has completed while no step was named;
    `UnknownStepError` for a step that the job never reached or the workflow no longer has.
    """
    way = _Way(record, history, workflow)
    position = way.position_of(_wanted(record, way, from_step))
    kept = way.passed[:position]
    step = way.reached[position]
    return RestartPlan(
        job_id=record.id,
        event=_event(record, way, position, workflow, input_text),
        step=step,
        kept=kept,
        again=way.reached[position:],
        ahead=_ahead(workflow, step, way.reached[position:]),
        edited=input_text is not None,
    )


def _wanted(record: JobRecord, way: _Way, from_step: str | None) -> str:
    if not record.status.is_final:
        raise UsageError(
            f"Job {record.id} is {record.shown_status}: only a job that has ended can run again. "
            f"Wait for it with `ergate jobs wait {record.id}`, or cancel it first."
        )
    if from_step is None and record.status is JobStatus.COMPLETED:
        raise UsageError(
            f"Job {record.id} has completed: no step of it failed. Say from which step it shall "
            f"run again, as in --from-step {way.reached[-1]!r}. It ran: {', '.join(way.reached)}."
        )
    return way.begins_anew if from_step is None else from_step


class _Way:
    """The steps that a job went through, after all restarts before this one."""

    def __init__(
        self, record: JobRecord, history: Sequence[HistoryRow], workflow: Workflow | None
    ) -> None:
        self._record = record
        self._workflow = workflow
        hops = _hops(history)
        names = [_first_name(record, hops, workflow)]
        names += [hop.next_step for hop in hops if hop.next_step is not None]
        self.reached = tuple(names)
        self.passed = tuple(
            Passed(name, hop.result or "null") for name, hop in zip(names, hops, strict=False)
        )
        self.before = max(0, record.steps_completed - len(hops))
        """Steps that were completed before the job came to this store."""

    @property
    def begins_anew(self) -> str:
        """Where it begins again unless somebody says so: where it stopped, or a step before."""
        stopped = self.reached[-1]
        begins = stopped if self._workflow is None else self._workflow.restarts_from(stopped)
        return begins if begins in self.reached else stopped

    def position_of(self, step: str) -> int:
        """Return where on the way a step stands; raises `UnknownStepError`."""
        if step in self.reached:
            return self.reached.index(step)
        if self._workflow is not None:
            self._workflow.own(step)  # tells of a name that no step has
        raise UnknownStepError(
            f'Job {self._record.id} never reached step "{step}".'
            f"{did_you_mean(step, self.reached)} It can run again from: {', '.join(self.reached)}."
        )


def _hops(history: Sequence[HistoryRow]) -> list[HistoryRow]:
    """Return the applied steps that still count; a restart takes back those from its step on.

    What was delivered from outside is what the next step got, in place of the step's own result.
    """
    hops: list[HistoryRow] = []
    for row in history:
        if row.event == "applied":
            hops.append(row)
        elif row.event == "delivered" and hops:
            hops[-1] = replace(hops[-1], result=row.result)
        elif row.event == "restarted":
            led = [n for n, hop in enumerate(hops, 1) if hop.next_step == row.step_name]
            hops = hops[: led[-1]] if led and row.step_name is not None else []
    return hops


def _first_name(record: JobRecord, hops: list[HistoryRow], workflow: Workflow | None) -> str:
    name = hops[0].step_name if hops else record.step_name
    if name is None and workflow is not None:
        return workflow[0 if hops else record.current_step].name
    return name or UNNAMED


def _event(
    record: JobRecord,
    way: _Way,
    position: int,
    workflow: Workflow | None,
    input_text: str | None,
) -> RestartAsked:
    name = None if way.reached[position] == UNNAMED else way.reached[position]
    completed = way.before + position
    # Where it stopped, the record itself knows best: an edited input of an earlier restart too.
    is_where_it_stopped = (
        position == len(way.reached) - 1 and record.status is not JobStatus.COMPLETED
    )
    if workflow is not None and name is not None:
        step = workflow[name]
        index, queue = step.index, step.queue or record.home_queue
        percent = workflow.progress(completed, index)
        fingerprint: str | None = workflow.fingerprint
    else:
        index = record.current_step if is_where_it_stopped else completed
        queue = record.queue if is_where_it_stopped else record.home_queue
        percent, fingerprint = 0.0, None
    return RestartAsked(
        step=index,
        step_name=name,
        steps_completed=completed,
        percent=percent,
        queue=queue,
        input_json=input_text or _input(record, way, position, is_last=is_where_it_stopped),
        fingerprint=fingerprint,
    )


def _input(record: JobRecord, way: _Way, position: int, *, is_last: bool) -> str:
    if is_last:
        return record.input_json
    if position:
        return way.passed[position - 1].result
    if way.before:
        raise UsageError(
            f"Job {record.id} began in the middle of its workflow, and what its first step got is "
            "not kept. Give it with --input."
        )
    return record.initial_input_value


def _ahead(workflow: Workflow | None, step: str, again: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the steps that may follow, other than those that ran before."""
    if workflow is None or step not in workflow:
        return ()
    seen = {workflow[step].index}
    for index in range(workflow[step].index, len(workflow)):
        if index in seen:
            seen.update(workflow.graph.successors[index])
    return tuple(one.name for one in workflow if one.index in seen and one.name not in again)
