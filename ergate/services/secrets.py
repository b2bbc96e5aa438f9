"""What somebody else wrote is shown short, on one line, and without the secrets that we know."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote, quote_plus

from ergate.contracts.redaction import MASK, redact

LONGEST_MESSAGE = 500
"""Characters of a message that tells of a failed call."""


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without `secrets`, however a reply may have spelt them, nor those of URLs."""
    spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
    # The longest first: one secret may begin with another.
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return redact(text)


def masked_data(data: object, secrets: Sequence[str]) -> object:
    """Return JSON data with every text in it masked."""
    match data:
        case str():
            return masked(data, secrets)
        case list():
            return [masked_data(item, secrets) for item in data]
        case dict():
            return {key: masked_data(value, secrets) for key, value in data.items()}
        case _:
            return data


def told_without(text: str, secrets: Iterable[str], longest: int = LONGEST_MESSAGE) -> str:
    """Return a message that quotes somebody else: masked, on one line, at most `longest` long."""
    shown = " ".join(masked(text, secrets).split())
    shown = "".join(c if c.isprintable() else "\ufffd" for c in shown)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _spellings(secret: str) -> Iterable[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield base64.b64encode(secret.encode()).decode("ascii").rstrip("=")
    yield repr(secret)[1:-1]
