"""Names, times and numbers as requests may give them."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, Field

from ergate.api.bounds import MAX_NAME, MAX_OFFSET, MAX_PAGE
from ergate.clock import Clock
from ergate.durations import parse_duration
from ergate.jobs.ids import MAX_BYTES

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_NO_NUL = r"^[^\x00]*$"

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=_NO_NUL)]
"""Of a workflow, a step or a queue."""
JobId = Annotated[str, Field(min_length=1, max_length=MAX_BYTES, pattern=_NO_NUL)]
JobIdInPath = Annotated[
    str, Path(min_length=1, max_length=MAX_BYTES, description="The job's id.", examples=["order-7"])
]
NameInPath = Annotated[str, Path(min_length=1, max_length=MAX_NAME)]
PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="At most so many.")]
PageOffset = Annotated[
    int, Query(ge=0, le=MAX_OFFSET, description="Where to go on: a `next_offset`, or 0.")
]


def _kept(at: AwareDatetime) -> AwareDatetime:
    # Far enough from the ends of the calendar that no time zone leads beyond them.
    if not _FIRST_YEAR < at.year < _LAST_YEAR:
        raise ValueError(f"the year must lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_kept)]
"""A time with its zone."""


def since_time(text: str, clock: Clock) -> float:
    """Return seconds since 1970 for an age such as `1h`, or for a time. Raises `ValueError`."""
    from pydantic import TypeAdapter

    try:
        return clock.now() - parse_duration(text)
    except ValueError:
        moment = TypeAdapter(Moment).validate_python(text)
        return moment.timestamp()


def now() -> float:
    """Return the time by this machine's clock, for the ages that documents tell."""
    return time.time()
