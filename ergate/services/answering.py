"""Hands waiting jobs what services tell at their callback addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ergate.clock import Clock
from ergate.contracts.state_store import StateStore
from ergate.errors import JobNotFoundError, UsageError
from ergate.jobs.codec import Limits, encode
from ergate.jobs.events import Delivered, Postponed
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.waiting import refusal
from ergate.services.awaiting import Awaited, DeclaredWorkflow
from ergate.services.callback import WaitingPlace
from ergate.workflows.registry import Registry


class TooEarly(Exception):
    """The job has not come to where it waits: the call is still being written down."""


class TooLate(Exception):
    """The job does not wait for an answer any more, and none was taken."""


class AlreadyTaken(Exception):
    """An answer has been taken before."""


class Answers:
    """What services tell later. `registry` finds the workflows, `clock` is for heartbeats.

    Every method reads or writes the store, and raises `BackendUnavailable`, `TooEarly`, `TooLate`
    and `AlreadyTaken`.
    """

    def __init__(self, store: StateStore, registry: Registry, limits: Limits, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._limits = limits
        self._clock = clock

    def finish(
        self, place: WaitingPlace, told: Mapping[str, object], secrets: tuple[str, ...] = ()
    ) -> None:
        """Let the job at a place go on with outputs, or with an error; the first is taken.

        Raises `AnswerUnfit`, and `PayloadError` for what cannot be stored.
        """
        record, awaited = self._waiting(place)
        given = awaited.with_answer(json.loads(record.input_json), told, secrets)
        text = encode(given, self._limits, "The answer, together with the data so far,")
        self._deliver(place, Delivered(place.seq, text))

    def heartbeat(self, place: WaitingPlace) -> float:
        """Let the job at a place wait on; return until when, in seconds since 1970.

        That is never later than the service has time in all.
        """
        record, awaited = self._waiting(place)
        # A postponed job keeps this time: it is when it began to wait, on the store's clock.
        until = awaited.silent_until(record.updated_at, self._clock.now())
        self._deliver(place, Postponed(place.seq, until))
        return until

    def _waiting(self, place: WaitingPlace) -> tuple[JobRecord, Awaited]:
        record = self._store.get(place.job_id)
        if record is None:
            raise TooLate
        if refusal(record, Delivered(place.seq, "")) is not None:
            raise self._why_not(record, place)
        workflow = self._registry.find(record.workflow_name, record.fingerprint)
        awaited = workflow.awaited if isinstance(workflow, DeclaredWorkflow) else {}
        if record.step_name is None or record.step_name not in awaited:
            raise TooLate
        return record, awaited[record.step_name]

    def _why_not(self, record: JobRecord, place: WaitingPlace) -> Exception:
        is_before = record.seq < place.seq and not record.status.is_final
        if record.status is JobStatus.PENDING or is_before:
            return TooEarly()
        rows = self._store.history(place.job_id)
        was_taken = any(row.event == "delivered" and row.seq == place.seq for row in rows)
        return AlreadyTaken() if was_taken else TooLate()

    def _deliver(self, place: WaitingPlace, event: Delivered | Postponed) -> None:
        try:
            self._store.deliver(place.job_id, event)
        except JobNotFoundError:
            raise TooLate from None
        except UsageError:  # somebody was faster
            record = self._store.get(place.job_id)
            raise TooLate() if record is None else self._why_not(record, place) from None
