"""Typed, multi-step workflows on worker processes: no accepted job is lost."""

from ergate.app import Ergate
from ergate.brokers.direct import QueueProtocol, StateStoreProtocol
from ergate.errors import (
    ErgateError,
    InvalidDefinitionError,
    ReverseGoToError,
    UnknownStepError,
    ValidationError,
)
from ergate.injection.markers import Context, CurrentJob, Depends, Input, Transaction
from ergate.jobs.job import Job
from ergate.jobs.retry import Retry
from ergate.jobs.status import JobStatus
from ergate.worker.signals import ErgateSignal
from ergate.workflows.control import AbortJob, GoToEnd, GoToStep
from ergate.workflows.paths import GoToEndPath, GoToStepPath, NextStepPath
from ergate.workflows.step import WorkflowStep
from ergate.workflows.workflow import Workflow

__version__ = "0.1.0"

__all__ = [
    "AbortJob",
    "Context",
    "CurrentJob",
    "Depends",
    "Ergate",
    "ErgateError",
    "ErgateSignal",
    "GoToEnd",
    "GoToEndPath",
    "GoToStep",
    "GoToStepPath",
    "Input",
    "InvalidDefinitionError",
    "Job",
    "JobStatus",
    "NextStepPath",
    "QueueProtocol",
    "Retry",
    "ReverseGoToError",
    "StateStoreProtocol",
    "Transaction",
    "UnknownStepError",
    "ValidationError",
    "Workflow",
    "WorkflowStep",
]
