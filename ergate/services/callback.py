"""Where a service may tell the end of work that it was given, long after the call.

An address holds which step of which job waits, and a signature over that: whoever knows it may
end the step, so it is written to no store and no log, and is made anew where it is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from ergate.services.webhook import SigningKey

if TYPE_CHECKING:
    from ergate.settings import Settings

HEADER = "Ergate-Callback"
PATH = "/c/"
"""Where callback addresses are, below the public URL."""
LONGEST_NAME = 600
# No webhook is signed over a text with a space before its first dot, so that neither signature
# can be used as the other.
_PURPOSE = b"ergate callback 1\n"


@dataclass(frozen=True, slots=True)
class Callback:
    """A one-time address where the service may tell the end of work that it does not wait for.

    Who knows it may end the step, so it is never shown.
    """

    url: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers that offer it."""
        return {"Prefer": "respond-async", HEADER: self.url}

    @property
    def secrets(self) -> tuple[str, str]:
        """What must not be shown: the address, and the part of it that counts."""
        return self.url, self.url.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class WaitingPlace:
    """Where a job waits for a service: at which of its steps, by `seq`."""

    job_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class CallbackAddresses:
    """Makes and reads callback addresses; the first of `keys` signs, and all are believed."""

    base: str | None = None
    """Where services reach `ergate serve`, without a slash at its end."""
    keys: Sequence[SigningKey] = field(default=(), repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return those of the settings; raises `SettingsError` for a key that is none."""
        keys = tuple(SigningKey.parse(text) for text in settings.signing_keys)
        return cls(settings.public_url, keys)

    @property
    def can_be_made(self) -> bool:
        """Whether there is what it takes to offer one."""
        return self.base is not None and bool(self.keys)

    def offer(self, place: WaitingPlace) -> Callback | None:
        """Return the address of a place, or None when none can be made."""
        if self.base is None or not self.keys:
            return None
        return Callback(f"{self.base}{PATH}{_name(place)}.{_signature(self.keys[0], place)}")

    def read(self, name: str) -> WaitingPlace | None:
        """Return what the last part of an address stands for; None unless we signed it."""
        told, _, given = name.rpartition(".")
        place = _place(told) if len(name) <= LONGEST_NAME else None
        if place is None:
            return None
        signed = given.encode("utf-8", "surrogatepass")
        # Every key is tried, so that the time taken does not tell which one was near.
        matches = [
            hmac.compare_digest(_signature(key, place).encode(), signed) for key in self.keys
        ]
        return place if any(matches) else None


def _signature(key: SigningKey, place: WaitingPlace) -> str:
    digest = hmac.new(key.secret, _PURPOSE + _name(place).encode(), hashlib.sha256).digest()
    return _text(digest)


def _name(place: WaitingPlace) -> str:
    # One part of a path, as some proxies change an escaped slash or a dot that stands alone.
    return f"{_text(place.job_id.encode())}.{place.seq}"


def _place(text: str) -> WaitingPlace | None:
    coded, _, seq = text.rpartition(".")
    try:
        padded = coded.encode("ascii") + b"=" * (-len(coded) % 4)
        place = WaitingPlace(base64.urlsafe_b64decode(padded).decode(), int(seq))
    except (binascii.Error, ValueError):
        return None
    return place if _name(place) == text else None  # one spelling only


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
