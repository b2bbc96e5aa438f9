"""What the properties of a message say about it: which one it is, and what happened to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pika import spec

PERSISTENT = 2
_TRACES = ("x-delivery-count", "x-acquired-count", "x-death")
_TRACE = "x-first-death-"


def identity_of(properties: spec.BasicProperties) -> str:
    """Return the id that its producer gave a message; without one, another for each delivery."""
    return properties.message_id or uuid.uuid4().hex


def comebacks_of(properties: spec.BasicProperties) -> int:
    """Return how often a message was delivered before, as far as its server counts that."""
    count = (properties.headers or {}).get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0


def renewed(properties: spec.BasicProperties, identity: str) -> spec.BasicProperties:
    """Return the properties with which a message starts anew as the same message."""
    headers = {
        name: value
        for name, value in (properties.headers or {}).items()
        if name not in _TRACES and not name.startswith(_TRACE)
    }
    return spec.BasicProperties(
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        headers=headers or None,
        delivery_mode=PERSISTENT,
        priority=properties.priority,
        correlation_id=properties.correlation_id,
        reply_to=properties.reply_to,
        expiration=properties.expiration,
        message_id=identity,
        timestamp=properties.timestamp,
        type=properties.type,
        app_id=properties.app_id,
    )


def death_of(properties: spec.BasicProperties) -> tuple[str | None, str]:
    """Return the queue in which a dead letter died, None if that is not told, and why."""
    deaths = (properties.headers or {}).get("x-death")
    if not isinstance(deaths, list) or not deaths or not isinstance(deaths[0], Mapping):
        return None, "RabbitMQ gave it up, and does not tell why: somebody put it there."
    first: Mapping[str, Any] = deaths[0]
    queue, reason = first.get("queue"), str(first.get("reason"))
    words = _REASONS.get(reason, f"its reason is {reason!r}")
    return (queue if isinstance(queue, str) else None), f"RabbitMQ gave it up: {words}."


_REASONS = {
    "delivery_limit": "it was delivered again and again, and nobody acknowledged it, "
    "as when it kills whoever receives it",
    "rejected": "a receiver that is not Ergate rejected it",
    "expired": "its time to live was over before anybody received it",
    "maxlen": "its queue was full",
}
