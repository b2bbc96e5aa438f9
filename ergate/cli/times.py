"""Times and durations as a person types them. Without a time zone they are local time."""

from __future__ import annotations

import time
from datetime import datetime

import typer

from ergate.durations import DURATION_FORM, parse_duration

TIME_FORM = "a time like 2030-01-31T09:00 (local unless it ends in Z or +02:00)"


def duration(text: str) -> float:
    """Return a duration in seconds; raises `typer.BadParameter`."""
    try:
        return parse_duration(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is no duration. Write {DURATION_FORM}.') from None


def moment(text: str) -> datetime:
    """Return a time with its zone; one without a zone is read as local time.

    Raises `typer.BadParameter`.
    """
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(f'"{text}" is no time. Write {TIME_FORM}.') from None


def since(text: str) -> float:
    """Return seconds since 1970 for an age such as `1h`, or for a time.

    Raises `typer.BadParameter`.
    """
    try:
        return time.time() - parse_duration(text)
    except ValueError:
        pass
    try:
        return moment(text).timestamp()
    except typer.BadParameter:
        raise typer.BadParameter(
            f'"{text}" is neither an age such as 1h nor {TIME_FORM}.'
        ) from None
