"""Events on the blocking side: a batch is checked one by one, and stored in one act."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ergate.api.desk import Place
from ergate.api.problems import Refused
from ergate.client import Client, JsonValue, Wish
from ergate.contracts.capabilities import Capability
from ergate.errors import BackendError, ErgateError, ValidationError
from ergate.jobs.job import Job
from ergate.jobs.record import JobRecord
from ergate.services.awaiting import DeclaredWorkflow
from ergate.workflows.workflow import Workflow

_TOLD = 3
_ID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that somebody sent."""

    workflow: str
    """The name or the id of a workflow."""
    data: object
    key: str | None = None
    """The same key again means the same event again."""
    size: int = 0
    """How many bytes came."""
    callback_url: str | None = None
    """Who is told of its end."""


Accepted = JobRecord | Exception
"""A stored job, or why there is none."""


def accept(place: Place, events: Sequence[NewEvent]) -> list[Accepted]:
    """Check events and store those that fit, in one act; return what became of each, in order."""
    return Batch(place).accept(events)


class Batch:
    """Looks up each workflow once, so that one registered again counts from the next batch on."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._client: Client[Job] = place.client
        self._known: dict[str, Workflow | Exception] = {}
        self._webhooks: dict[str, JobRecord] = {}
        """The jobs that tell of events' ends, by the ids of the events."""

    def accept(self, events: Sequence[NewEvent]) -> list[Accepted]:
        """Do what `accept` does."""
        answers = [self._checked(event) for event in events]
        # The same key twice in one batch is one job.
        new = {one.id: one for one in answers if isinstance(one, JobRecord)}
        problems = self._store(list(new.values()))
        became: list[Accepted] = [
            problems.get(one.id, one) if isinstance(one, JobRecord) else one for one in answers
        ]
        repeatable = [event.key is not None for event in events]
        return self._as_kept(became, repeatable)

    # --- checking -------------------------------------------------------------------------------

    def _checked(self, event: NewEvent) -> Accepted:
        found = self._workflow(event.workflow)
        if isinstance(found, Exception):
            return found
        name = found.unique_name
        wish = Wish(id=None if event.key is None else event_id(name, event.key))
        try:
            record = self._client.record(found, JsonValue(event.data), wish)
        except ValidationError as exc:
            return _unfit(name, exc)
        except ErgateError as exc:
            return exc
        url = event.callback_url
        is_declared = isinstance(found, DeclaredWorkflow)
        return record if url is None else self._with_webhook(record, url, is_declared=is_declared)

    def _with_webhook(self, record: JobRecord, url: str, *, is_declared: bool) -> Accepted:
        try:
            marked, webhook = self._place.webhooks.accompany(record, url, is_declared=is_declared)
        except ErgateError as exc:
            return exc
        self._webhooks[record.id] = webhook
        return marked

    def _workflow(self, name_or_id: str) -> Workflow | Exception:
        if name_or_id not in self._known:
            try:
                self._known[name_or_id] = self._find(name_or_id)
            except (ErgateError, Refused) as exc:
                self._known[name_or_id] = exc
        return self._known[name_or_id]

    def _find(self, name_or_id: str) -> Workflow:
        known = self._place.known
        found = known.find(name_or_id)
        if found is not None:
            return found
        if Capability.DEFINITIONS in self._place.broker.store.capabilities:
            name = self._place.catalog.workflow(name_or_id).definition.name
            found = known.find(name)
        return known.get(name_or_id) if found is None else found

    # --- storing --------------------------------------------------------------------------------

    def _store(self, records: list[JobRecord]) -> dict[str, Exception]:
        """Store all jobs in one act; return by id why some could not be."""
        try:
            self._submit(records)
        except BackendError as exc:
            return dict.fromkeys((record.id for record in records), exc)
        except Exception as exc:  # noqa: BLE001  # whatever is wrong is wrong with one of them
            if len(records) == 1:
                return {records[0].id: exc}
            return {key: why for one in records for key, why in self._store([one]).items()}
        return {}

    def _submit(self, records: list[JobRecord]) -> None:
        if records:
            beside = [self._webhooks[one.id] for one in records if one.id in self._webhooks]
            self._place.broker.submit([*records, *beside], if_absent=True)

    def _as_kept(self, answers: list[Accepted], repeatable: Sequence[bool]) -> list[Accepted]:
        """Return the same, with what is stored under the ids of keys: it may be from before."""
        sent = {
            one.id: one
            for one, has_key in zip(answers, repeatable, strict=True)
            if has_key and isinstance(one, JobRecord)
        }
        if not sent:
            return answers
        try:
            kept = self._place.broker.store.get_many(list(sent))
        except ErgateError as exc:
            return [
                exc if isinstance(one, JobRecord) and one.id in sent else one for one in answers
            ]
        return [
            _compared(one, kept.get(one.id, one)) if isinstance(one, JobRecord) else one
            for one in answers
        ]


def _compared(sent: JobRecord, kept: JobRecord) -> Accepted:
    if sent is kept or _same(kept.initial_input_value, sent.initial_input_value):
        return kept
    return Refused(
        422,
        "The Idempotency-Key was used before, for an event with other data.",
        next_step="Send another key with each event, and the same one only to repeat it.",
    )


def event_id(workflow: str, key: str) -> str:
    """Return the id of the event that a key stands for, which it alone decides."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"ergate:event:{workflow}:{key}"))


def _same(one: str, other: str) -> bool:
    return one == other or json.loads(one) == json.loads(other)


def _unfit(name: str, exc: ValidationError) -> Refused:
    told = "; ".join(exc.faults[:_TOLD])
    more = len(exc.faults) - _TOLD
    return Refused(
        422,
        f'The data do not fit the workflow "{name}": {told}'
        + (f"; and {more} more." if more > 0 else ""),
        next_step=f"Correct the data; GET /api/v1/workflows/{name} shows what is wanted.",
        faults=exc.faults,
    )
