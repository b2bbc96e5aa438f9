"""The header `Prefer` as RFC 7240 describes it: whether to wait for an end, and how long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Preferences:
    """What whoever asks would like; what cannot be read is as if it were not there."""

    respond_async: bool = False
    wait_s: float | None = None

    def limit_s(self, usual_s: float, most_s: float) -> float:
        """Return how long to wait."""
        if self.wait_s is None:
            return 0.0 if self.respond_async else usual_s
        return min(self.wait_s, most_s)

    @property
    def applied(self) -> str:
        """The value of the header `Preference-Applied`; empty without any preference."""
        wait = [] if self.wait_s is None else [f"wait={self.wait_s:.0f}"]
        return ", ".join((["respond-async"] if self.respond_async else []) + wait)


def preferences(headers: Sequence[str]) -> Preferences:
    """Return what the values of all `Prefer` headers say; of two that differ the first counts."""
    given: dict[str, str] = {}
    for part in re.split(r"[,;]", ",".join(headers)) if headers else ():
        name, _, value = part.partition("=")
        given.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = given.get("wait", "")
    is_number = wait.isascii() and wait.isdecimal() and len(wait) <= _MOST_DIGITS
    return Preferences("respond-async" in given, float(wait) if is_number else None)
