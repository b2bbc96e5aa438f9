"""Functions of the user's that are told when something happens."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any

log = logging.getLogger("ergate")


class ErgateSignal(StrEnum):
    """The moments at which an app's functions are called."""

    JOB_RUN_START = "job_run_start"
    """Just before a step of a job runs."""
    JOB_RUN_FAIL = "job_run_fail"
    """After a step failed: it raised, timed out, or gave what cannot be stored."""
    JOB_RUN_END = "job_run_end"
    """After each run of a step, whatever came of it; the job is as it will be stored."""
    WORKER_START = "worker_start"
    """Once per worker process, inside the lifespan, before the first claim."""
    WORKER_STOP = "worker_stop"
    """Once per worker process, inside the lifespan, after the last step."""


RunAsync = Callable[[Coroutine[Any, Any, Any]], Any]


class Signals:
    """Who wants to be told of which moment; filled while the app is being written."""

    def __init__(self) -> None:
        self._receivers: dict[ErgateSignal, list[Callable[..., Any]]] = {}

    def connect(self, signal: ErgateSignal, receiver: Callable[..., Any]) -> None:
        """Call `receiver` at each `signal`, with the job if it takes an argument."""
        self._receivers.setdefault(ErgateSignal(signal), []).append(_with_job(receiver))

    def has(self, signal: ErgateSignal) -> bool:
        """Whether anybody wants to be told; making a job for nobody would be a waste."""
        return signal in self._receivers

    def send(self, signal: ErgateSignal, job: object, run_async: RunAsync) -> None:
        """Call the receivers, in the order of connection.

        A receiver that raises is logged and changes nothing: telling is not part of the step.
        """
        for receiver in self._receivers.get(signal, ()):
            try:
                answer = receiver(job)
                if inspect.iscoroutine(answer):
                    run_async(answer)
            except Exception:
                log.exception("A receiver of the signal %s failed; the job goes on.", signal)


def _with_job(receiver: Callable[..., Any]) -> Callable[..., Any]:
    takes_job = bool(inspect.signature(receiver).parameters)
    return receiver if takes_job else lambda _job: receiver()
