"""Where a service may tell the end of work that it was given, long after the call."""

from __future__ import annotations

from dataclasses import dataclass, field

HEADER = "Ergate-Callback"


@dataclass(frozen=True, slots=True)
class Callback:
    """A one-time address where the service may tell the end of work that it does not wait for.

    Who knows it may end the step, so it is never shown.
    """

    url: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers that offer it."""
        return {"Prefer": "respond-async", HEADER: self.url}
