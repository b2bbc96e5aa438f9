"""Dead letters in a journal: entries of their own, beside those of jobs."""

from __future__ import annotations

import base64
import json

from ergate.contracts.journal import Entry
from ergate.contracts.state_store import DeadLetter

PREFIX = "dead-letter/"
"""No job that has such an id is shown."""
MAX_BYTES = 4 * 1024 * 1024
"""A larger body loses its end: it grows by a third as text, and not every server takes 8 MiB."""


def to_entry(letter: DeadLetter) -> Entry:
    """Return the entry that keeps a letter."""
    body, reason = letter.body, letter.reason
    if len(body) > MAX_BYTES:
        reason = f"{reason} (Of its {len(body):,} bytes the first {MAX_BYTES:,} are kept.)"
        body = body[:MAX_BYTES]
    plain = {
        "queue": letter.queue,
        "reason": reason,
        "at": letter.at,
        "body_base64": base64.b64encode(body).decode(),
    }
    return Entry(f"{PREFIX}{letter.id}", json.dumps(plain).encode())


def letter_of(key: str, body: bytes) -> DeadLetter:
    """Return the letter that an entry keeps; one that is damaged says so as its reason."""
    letter_id = key.removeprefix(PREFIX)
    try:
        plain = json.loads(body)
        return DeadLetter(
            id=letter_id,
            queue=str(plain["queue"]),
            body=base64.b64decode(plain["body_base64"]),
            reason=str(plain["reason"]),
            at=float(plain["at"]),
        )
    except (ValueError, TypeError, KeyError) as exc:
        reason = f"The entry of this letter is damaged: {exc}."
        return DeadLetter(id=letter_id, queue="", body=body, reason=reason, at=0.0)
