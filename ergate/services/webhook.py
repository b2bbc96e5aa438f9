"""Signatures of webhooks: the receiver can tell that we sent it, unchanged and just now.

The form is that of Standard Webhooks 1.0 (standardwebhooks.com), so that a receiver finds a
library for it in most languages: `webhook-signature` is `v1,` and the base64 of an HMAC-SHA256
over `<id>.<timestamp>.<body>`, and a key is written as `whsec_` and base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from ergate.errors import ErgateError, SettingsError

TOLERANCE_S = 300.0
"""How old or early a signature may be, in seconds; other senders of this kind take the same."""

KEY_PREFIX = "whsec_"
_KEY_BYTES = 32
KEY_EXAMPLE = f"echo {KEY_PREFIX}$(openssl rand -base64 {_KEY_BYTES})"
"""How a person makes a key, for messages."""
_SHORTEST_KEY, _LONGEST_KEY = 24, 64
_VERSION = "v1"
_MOST_SIGNATURES = 16
_LONGEST_TIMESTAMP = 12


class WebhookRefused(ErgateError):
    """A webhook is not to be believed: its signature is missing, wrong or too old."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A secret that both sides know; shows nothing of itself."""

    secret: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `whsec_…`; raises `SettingsError` that does not show it."""
        try:
            secret = base64.b64decode(text.strip().removeprefix(KEY_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if not _SHORTEST_KEY <= len(secret) <= _LONGEST_KEY:
            raise SettingsError(
                f"A key for webhooks is {KEY_PREFIX} and the base64 of {_SHORTEST_KEY} to "
                f"{_LONGEST_KEY} random bytes. One way to make it: {KEY_EXAMPLE}"
            )
        return cls(secret)

    @classmethod
    def generate(cls) -> Self:
        """Return a new random key."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @property
    def text(self) -> str:
        """The key as it is given to the receiver."""
        return KEY_PREFIX + base64.b64encode(self.secret).decode("ascii")

    def signature(self, message_id: str, timestamp: int, body: bytes) -> str:
        """Return `v1,<base64>` over the three."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        digest = hmac.new(self.secret, signed, hashlib.sha256).digest()
        return f"{_VERSION},{base64.b64encode(digest).decode('ascii')}"

    def __repr__(self) -> str:
        return "SigningKey(***)"


def signed_headers(
    keys: Sequence[SigningKey], message_id: str, body: bytes, now: float
) -> dict[str, str]:
    """Return the headers of one delivery of a webhook.

    `message_id` is the same for every delivery of one event, and `now` (seconds since 1970) is
    new for each. While keys change there are two, and one signature of each.
    """
    safe_id, timestamp = _header_id(message_id), int(now)
    return {
        "webhook-id": safe_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(key.signature(safe_id, timestamp, body) for key in keys),
        "Idempotency-Key": safe_id,
    }


def verify(
    keys: Sequence[SigningKey],
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    tolerance_s: float = TOLERANCE_S,
) -> str:
    """Return the id of a webhook that one of `keys` signed at most `tolerance_s` from `now`.

    `body` is what came over the wire, byte for byte. Raises `WebhookRefused`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id = _header(given, "webhook-id")
    timestamp = _timestamp(_header(given, "webhook-timestamp"))
    signatures = _header(given, "webhook-signature").split()[:_MOST_SIGNATURES]
    if abs(now - timestamp) > tolerance_s:
        raise WebhookRefused(
            f"The webhook was signed {now - timestamp:+.0f} s ago, and {tolerance_s:g} s are "
            "allowed. Somebody may have sent an old one again, or a clock is wrong."
        )
    expected = [key.signature(message_id, timestamp, body).encode() for key in keys]
    # Every pair is compared, so that the time taken tells nothing about which one was near.
    matches = [
        hmac.compare_digest(wanted, signature.encode("utf-8", "surrogatepass"))
        for wanted in expected
        for signature in signatures
    ]
    if not any(matches):
        raise WebhookRefused("The signature of the webhook does not fit its body and its key.")
    return message_id


def _header_id(message_id: str) -> str:
    # A dot would let one id and timestamp be read as another.
    return quote(message_id, safe=":").replace(".", "%2E")


def _header(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise WebhookRefused(f"The webhook has no header {name}, so nobody has signed it.")
    return given[name]


def _timestamp(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_TIMESTAMP):
        raise WebhookRefused("The header webhook-timestamp is not a number of seconds since 1970.")
    return int(text)
