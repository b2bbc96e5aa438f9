"""Webhooks of events: whoever sends an event may name an address that is told of its end.

A webhook is a job of our own, accepted in one act with the event. It waits some minutes, and
whoever is about to end the event makes it due at once. That is a hint: without it the webhook comes
later.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ergate.contracts.state_store import StateStore
from ergate.errors import ErgateError, UsageError, ValidationError
from ergate.jobs.events import Aborted, Completed, Delivered, Failed, Outcome
from ergate.jobs.ids import checked_id
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.services.addresses import ServiceAddress
from ergate.services.allowing import AllowList
from ergate.services.hosts import known_address
from ergate.services.own import OWN_PREFIX
from ergate.services.sealing import Sealer
from ergate.services.webhook import KEY_EXAMPLE, SigningKey

if TYPE_CHECKING:
    from ergate.settings import Settings

log = logging.getLogger("ergate")

WEBHOOK = f"{OWN_PREFIX}webhook"
"""The workflow of webhooks."""
BACKUP_S = 300.0
"""After so long a webhook looks by itself whether its event has ended."""
UNHINTED_S = 1.0
"""The same for one that nobody makes due; it looks ever less often then, as any retry does."""
_MARKED = f'{{"{WEBHOOK}":true}}'
"""The context of an event by which alone a worker knows that somebody waits for its end."""


_NO_HINT = "The webhook of job %s was not made due and comes later: %s"


def webhook_id(event_id: str) -> str:
    """Return the id of the job that tells of an event's end."""
    return f"{event_id}:webhook"


def shown_address(address: ServiceAddress) -> str:
    """Return what may be shown of a webhook's address: paths and queries often are secrets."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{address.scheme}://{host}:{address.port}/***"


class Webhooks:
    """Accepts webhooks as the settings say. Raises `SettingsError` for settings that cannot be."""

    def __init__(self, settings: Settings) -> None:
        self._keys = [SigningKey.parse(text) for text in settings.signing_keys]
        self._allowed = AllowList.parse(settings.allowed_services)
        self._sealer = Sealer(self._keys)

    def accompany(
        self, event: JobRecord, url: str, *, is_declared: bool
    ) -> tuple[JobRecord, JobRecord]:
        """Return an event that is about to be stored, and the job that will tell `url` of its end.

        Both are to be submitted in one call. Only an event of a declared workflow gives hints, as
        the context of others belongs to the app; their webhooks look by themselves from the start.
        Raises `ValidationError` for an address that cannot
        be or may not be called, as far as that shows without asking a resolver; `UsageError`
        without keys; `PayloadError` for an event whose id is too long.
        """
        if not self._keys:
            raise UsageError(
                "A webhook is signed, and the setting signing_keys has no key. One way to make "
                f"one: {KEY_EXAMPLE}. Both `ergate serve` and `ergate run` need it."
            )
        address = self._checked(url)
        order = {
            "event_id": event.id,
            "to": shown_address(address),
            "sealed": self._sealer.seal(address.url),
        }
        gives_hints = is_declared and event.user_context == "null"
        pause_s = BACKUP_S if gives_hints else UNHINTED_S
        webhook = JobRecord(
            id=checked_id(webhook_id(event.id)),
            workflow_name=WEBHOOK,
            queue=event.home_queue,
            home_queue=event.home_queue,
            priority=event.priority,
            status=JobStatus.SCHEDULED,
            due_at=max(event.created_at, event.due_at or 0.0) + pause_s,
            initial_input_value=json.dumps(order, separators=(",", ":")),
            created_at=event.created_at,
            updated_at=event.updated_at,
        )
        return (replace(event, user_context=_MARKED) if gives_hints else event), webhook

    def _checked(self, url: str) -> ServiceAddress:
        try:
            address = ServiceAddress.parse(url)
        except ValueError as exc:
            raise ValidationError(f"callback_url: {exc}.") from None
        known = known_address(address.host)
        refusal = None if known is None else self._allowed.refusal(address.host, [known])
        if refusal is not None:
            raise ValidationError(f"callback_url: {refusal}.")
        return address


def has_webhook(event: JobRecord) -> bool:
    """Return whether a webhook was accepted with an event; costs next to nothing."""
    return event.user_context == _MARKED


def ends(outcome: Outcome) -> bool:
    """Return whether a job ends with an outcome."""
    return isinstance(outcome, Completed | Failed | Aborted)


def hint(store: StateStore, event: JobRecord) -> None:
    """Make the webhook of an event due now that the event ends, if it has one.

    Raises nothing whatever happens: without the hint the webhook comes when it is due, and without
    the caller's next act the event would not end.
    """
    if not has_webhook(event):
        return
    try:
        webhook = store.get(webhook_id(event.id))
        if webhook is not None and webhook.status is JobStatus.SCHEDULED and not webhook.attempt:
            store.deliver(webhook.id, Delivered(webhook.seq, webhook.input_json))
    except ErgateError as exc:
        log.info(_NO_HINT, event.id, exc)
    except Exception:
        log.exception(_NO_HINT, event.id, "an error that nobody foresaw")
