"""What a step waits for that stands behind a call of a service which may finish later.

While it waits its input is the data so far. The answer comes into it under a key that no data can
have, so that a look at the job shows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ergate.services.failures import BadReply, ServiceError, ServiceFailure, ServiceTimeout
from ergate.services.faults import Fault, shown
from ergate.services.fields import Data, check_values
from ergate.services.operations import Call
from ergate.services.picking import data_after
from ergate.services.raw_reply import error_in
from ergate.services.secrets import told_without
from ergate.services.service import Service
from ergate.workflows.workflow import Workflow

ANSWER = ":answer"
"""Where the answer stands in the waiting step's input; names of data have no colon."""


def waiting_name(state: str) -> str:
    """Return the name of the step that waits for what a state calls."""
    return f"{state}{ANSWER}"


class AnswerUnfit(Exception):
    """What a service tells as its outputs is not what it declares; it may tell it again."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Awaited:
    """A call whose service may answer later."""

    state: str
    call: Call
    service: Service
    finishes_within_s: float

    @property
    def who(self) -> str:
        """The subject of messages."""
        return f"Service {shown(self.service.name)}"

    @property
    def first_pause_s(self) -> float:
        """How long the service may be silent after it took the work on."""
        return min(self.finishes_within_s, self.service.heartbeat_s or self.finishes_within_s)

    def silent_until(self, began_at: float, now: float) -> float:
        """Return until when a service may be silent that gives a sign of life now."""
        end = began_at + self.finishes_within_s
        return min(end, now + (self.service.heartbeat_s or self.finishes_within_s))

    def with_answer(self, data: Data, told: Mapping[str, object], secrets: tuple[str, ...]) -> Data:
        """Return the input of the waiting step once the service told how its work ended.

        It tells its outputs, or an `error` as in a reply. Raises `AnswerUnfit`.
        """
        if told.get("error") is not None:
            error = error_in(told)
            name = error.get("name", "")
            if not name and not error.get("message"):
                fault = Fault("error", 'must be an object such as {"name": …, "message": …}.')
                raise AnswerUnfit([str(fault)])
            message = told_without(error.get("message") or name, secrets)
            known = name if name in self.service.errors else None
            return {**data, ANSWER: {"error": {"name": known, "message": message}}}
        outputs, faults = check_values(self.service.outputs, told, unknown="drop")
        if faults:
            raise AnswerUnfit([told_without(str(fault), secrets) for fault in faults])
        try:
            data_after(self.call, self.service, data, outputs)
        except BadReply as exc:
            raise AnswerUnfit([told_without(str(exc), secrets)]) from exc
        return {**data, ANSWER: {"outputs": outputs}}

    def data_before(self, given: Data) -> Data:
        """Return the data as they were when the service was called."""
        return {name: value for name, value in given.items() if name != ANSWER}

    def data_after(self, given: Data) -> Data:
        """Return the data with what is kept of the answer in the waiting step's input.

        Raises `ServiceTimeout` when there is none, and what the service told as an error.
        """
        answer = given.get(ANSWER)
        if answer is None:
            raise self._timeout()
        error = answer.get("error")
        if error is not None:
            raise self._failure(error)
        return data_after(self.call, self.service, self.data_before(given), answer["outputs"])

    def _timeout(self) -> ServiceTimeout:
        silence_s = self.service.heartbeat_s
        alive = "" if silence_s is None else f", with a heartbeat at least every {silence_s:g} s"
        return ServiceTimeout(
            f"{self.who} took the work on and did not finish it in time: it has "
            f"{self.finishes_within_s:g} s{alive}."
        )

    def _failure(self, error: Mapping[str, str | None]) -> ServiceFailure:
        told = (error.get("message") or "").rstrip(".")
        return ServiceError(
            f"{self.who} took the work on and then failed: {told}.", name=error.get("name")
        )


class DeclaredWorkflow(Workflow):
    """A workflow that was compiled from a definition, with the steps of it that wait for answers.

    `awaited` has them by name.
    """

    def __init__(self, name: str, version: str | None, awaited: Mapping[str, Awaited]) -> None:
        super().__init__(name, version=version)
        self.awaited = awaited

    def restarts_from(self, step: str) -> str:
        """Return the call for a step that waits: waiting once more would bring nothing new."""
        return self.awaited[step].state if step in self.awaited else step
