"""Moments as documents tell them."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(at: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC, to the millisecond."""
    moment = moment_of(at)
    if moment is None:
        return str(at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(at: float) -> datetime | None:
    """Return seconds since 1970 as a time in UTC, or None for a number that is no time."""
    # A damaged row may hold any number, and must still be shown.
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
