"""How long a call may take and how much it may answer."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Times are in seconds."""

    connect_s: float = 5.0
    """For finding the host, connecting and the handshake of TLS."""
    read_s: float | None = None
    """For the silence between two pieces of an answer; None means only the total counts."""
    total_s: float = 30.0
    """For the whole call, from looking up the host to the last byte of the answer."""
    max_reply_bytes: int = 1024 * 1024

    @property
    def silence_s(self) -> float:
        """How long a service may send nothing."""
        return self.total_s if self.read_s is None else self.read_s

    def within(self, total_s: float | None) -> CallLimits:
        """Return the same limits with another total, if one is given."""
        return self if total_s is None else replace(self, total_s=total_s)
