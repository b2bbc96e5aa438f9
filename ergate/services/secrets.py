"""Secrets that are known are taken out of every text that somebody else wrote."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from ergate.contracts.redaction import MASK, redact


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without `secrets`, however a reply may have spelt them, nor those of URLs."""
    spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
    # The longest first: one secret may begin with another.
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return redact(text)


def _spellings(secret: str) -> Iterable[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield base64.b64encode(secret.encode()).decode("ascii").rstrip("=")
    yield repr(secret)[1:-1]
