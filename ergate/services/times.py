"""How long a `wait` lasts: seconds, or until a time with a zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ergate.services.failures import BadData
from ergate.services.faults import Fault, shown
from ergate.services.mappings import evaluate, literal, looks_like_reference
from ergate.services.operations import LONGEST_WAIT_S, Wait

_LONGEST_TIME = 64


def seconds_of(value: object) -> float:
    """Return a number of seconds to wait; raises `ValueError` with a sentence about it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number of seconds, or a reference to one.")  # noqa: TRY004
    if not 0 <= value <= LONGEST_WAIT_S:
        raise ValueError(f"must be between 0 and {LONGEST_WAIT_S} seconds, which are ten years.")
    return float(value)


def moment_of(value: object) -> datetime:
    """Return the time that a text in the format of ISO 8601 names; raises `ValueError`."""
    if not isinstance(value, str) or len(value) > _LONGEST_TIME:
        raise ValueError("must be a time such as 2030-01-01T08:00:00Z, as a text.")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(
            f"is {shown(value)}, which is no time such as 2030-01-01T08:00:00Z."
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"is {shown(value)}, a time without a zone. End it in Z for UTC.")
    return moment


def time_faults(wait: Wait, place: str) -> Iterator[Fault]:
    """Yield what is wrong with a time that is written into a definition."""
    written, read = (wait.until, moment_of) if wait.seconds is None else (wait.seconds, seconds_of)
    key = "until" if wait.seconds is None else "seconds"
    if looks_like_reference(written):
        return
    try:
        read(literal(written))
    except ValueError as exc:
        yield Fault(f"{place}.{key}", str(exc))


def pause_of(wait: Wait, data: object) -> float | datetime:
    """Return for how many seconds, or until when, a state waits; raises `BadData`."""
    try:
        if wait.seconds is not None:
            return seconds_of(evaluate(wait.seconds, data))
        return moment_of(evaluate(wait.until, data))
    except ValueError as exc:
        raise BadData(f"The time that state {shown(wait.name)} waits for {exc}") from exc
