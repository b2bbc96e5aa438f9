"""The workflow of webhooks: it waits for the end of an event, and posts what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from ergate.clock import Clock, SystemClock
from ergate.contracts.state_store import StateStore
from ergate.errors import BackendError, ErgateError, PayloadError, SettingsError
from ergate.jobs.codec import Limits, encode
from ergate.jobs.errors import JobError
from ergate.jobs.record import JobRecord
from ergate.jobs.retry import Retry
from ergate.jobs.status import JobStatus
from ergate.services.calling import Caller
from ergate.services.failures import ServiceFailure, ServiceRefused
from ergate.services.fields import Data
from ergate.services.sealing import Sealer
from ergate.services.webhook import SigningKey, signed_headers
from ergate.services.webhooks import WEBHOOK, webhook_id
from ergate.workflows.control import AbortJob
from ergate.workflows.workflow import Workflow

POST_S = 30.0
"""How long one delivery may take."""
LONGEST_ASKED_S = 3600.0
"""A receiver that asks to be left alone for longer is asked again after this."""
PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Between the hint that an event ends and the row that says so."""
_SHORTEST_SECRET = 4


class NotEnded(ErgateError):
    """The event of a webhook has not ended yet; it is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRetry(Retry):
    """Tries for about a day, as often as the receiver bears."""

    def pause_s(self, attempt: int, error: BaseException) -> float | None:
        """Return the seconds to wait after attempt number `attempt`, or None."""
        pause_s = Retry.pause_s(self, attempt, error)
        if pause_s is None or not isinstance(error, ServiceFailure):
            return pause_s
        if error.is_lasting:
            return None
        return max(pause_s, min(error.retry_after_s or 0.0, LONGEST_ASKED_S))


UNTIL_ENDED = Retry(
    attempts=1_000_000_000,
    initial_s=0.1,
    factor=2.0,
    max_s=60.0,
    on=(NotEnded, BackendError),
)
"""Soon after a hint, and once a minute for an event that takes its time."""
FOR_A_DAY = PostRetry(
    attempts=36,
    initial_s=1.0,
    factor=2.0,
    max_s=3600.0,
    on=(ServiceFailure, SettingsError),
)
"""Twelve pauses that grow to an hour, and then one each hour."""


class Webhook:
    """What the two steps do."""

    def __init__(
        self,
        store: StateStore,
        caller: Callable[[], Caller],
        keys: list[SigningKey],
        limits: Limits,
        clock: Clock | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._caller = caller
        self._keys = keys
        self._sealer = Sealer(keys)
        self._limits = limits
        self._clock = clock or SystemClock()
        self._pause = pause

    def workflow(self, until_ended: Retry = UNTIL_ENDED, for_a_day: Retry = FOR_A_DAY) -> Workflow:
        """Return the workflow, sealed."""
        workflow = Workflow(WEBHOOK)
        workflow.step(name="ended", retry=until_ended)(self.ended)
        workflow.step(name="post", retry=for_a_day, timeout_s=2 * POST_S)(self.post)
        workflow.seal()
        return workflow

    def ended(self, order: Data) -> Data:
        """Add to an order what became of its event. Raises `NotEnded`."""
        event = self._event(order["event_id"])
        told = {**order, "body": message_of(event)}
        try:
            encode(told, self._limits, "A webhook")
        except PayloadError:
            # The outputs alone fit the limits, and together with the rest they do not.
            told["body"] = {**told["body"], "outputs": None, "outputs_left_out": True}
        return told

    def _event(self, event_id: str) -> JobRecord:
        """Return an event that has ended, also when its worker is just about to write so."""
        event = self._store.get(event_id)
        for pause_s in PAUSES_S:
            if event is None or event.status is not JobStatus.RUNNING:
                break
            self._pause(pause_s)
            event = self._store.get(event_id)
        if event is None:
            raise AbortJob(f'There is no job "{event_id}" any more, so nothing can be told of it.')
        if not event.status.is_final:
            raise NotEnded(f"Job {event_id} has not ended: it is {event.shown_status}.")
        return event

    def post(self, told: Data) -> Data:
        """Deliver a signed webhook. Raises `ServiceFailure` and `SettingsError`."""
        url = self._sealer.open(told["sealed"])
        body = json.dumps(told["body"], ensure_ascii=False, separators=(",", ":")).encode()
        message_id = webhook_id(told["event_id"])
        headers = signed_headers(self._keys, message_id, body, self._clock.now())
        who = f"The webhook to {told['to']}"
        try:
            took_s = self._caller().deliver(
                url, body, headers, who=who, timeout_s=POST_S, secrets=secrets_of(url)
            )
        except ServiceRefused as exc:
            if exc.status == HTTPStatus.GONE:
                raise AbortJob(f"{who} is not wanted any more: 410 Gone.") from exc
            raise
        return {"delivered_to": told["to"], "took_ms": round(1000 * took_s)}


def message_of(event: JobRecord) -> Data:
    """Return what a webhook tells of an event that has ended."""
    message: Data = {
        "event_id": event.id,
        "workflow": event.workflow_name,
        "status": str(event.status),
        "ack_date": _timestamp(event.created_at),
        "finished_at": _timestamp(event.finished_at or event.updated_at),
    }
    if event.status is JobStatus.COMPLETED:
        message["outputs"] = json.loads(event.last_return_value)
    if event.error is not None:
        error = JobError.from_json(event.error)
        # Without the traceback, which tells of the inside of workers.
        message["error"] = {"name": error.type, "message": error.message, "step": error.step_name}
    return message


def secrets_of(url: str) -> tuple[str, ...]:
    """Return what of an address must not be shown: its path and every value of its query."""
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query)]
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    found = (url, target, parts.path, parts.query, *values)
    return tuple(text for text in found if len(text) >= _SHORTEST_SECRET)


def _timestamp(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
