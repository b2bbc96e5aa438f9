"""The loop for two objects of the user's own: everything on one thread, in the order of the seed."""

from __future__ import annotations

import logging
import signal
from contextlib import ExitStack
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import ergate.worker.runner as running
from ergate.brokers.direct import DirectBroker
from ergate.errors import ErgateError, UnknownStepError
from ergate.jobs.errors import JobError
from ergate.jobs.events import Failed, Outcome, Retried, Unroutable
from ergate.jobs.job import Job, job_from_record, record_from_job
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.worker.event_loop import EventLoop
from ergate.worker.events import StepEnded, StepsEnded
from ergate.worker.lifespan import entered
from ergate.worker.program import Program
from ergate.worker.settler import OUTCOME_WORDS, Report
from ergate.worker.signals import ErgateSignal
from ergate.worker.stopping import Stopping, handled

log = logging.getLogger("ergate")
