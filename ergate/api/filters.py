"""Which jobs a request is about."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from ergate.api.names import Name, since_time
from ergate.api.problems import Refused
from ergate.clock import Clock
from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus


class Matching(BaseModel):
    """A filter; what is left out does not limit."""

    model_config = ConfigDict(extra="forbid")

    status: JobStatus | None = None
    workflow: Name | None = None
    queue: Name | None = None
    since: str | None = Field(
        default=None,
        max_length=40,
        description="Created since: an age such as 1h, or a time with its zone.",
        examples=["1h", "2030-01-31T09:00:00Z"],
    )

    def job_filter(self, clock: Clock) -> JobFilter:
        """Return it as stores take it; raises `Refused`."""
        return JobFilter(
            status=self.status,
            workflow=self.workflow,
            queue=self.queue,
            since=None if self.since is None else _since(self.since, clock),
        )


def _since(text: str, clock: Clock) -> float:
    try:
        return since_time(text, clock)
    except (ValueError, OverflowError):
        raise Refused(
            422, "`since` is neither an age such as 1h nor a time such as 2030-01-31T09:00:00Z."
        ) from None


def matching_of_query(
    status: Annotated[JobStatus | None, Query(description="Only jobs with this status.")] = None,
    workflow: Annotated[Name | None, Query(description="Only jobs of this workflow.")] = None,
    queue: Annotated[Name | None, Query(description="Only jobs in this queue.")] = None,
    since: Annotated[
        str | None,
        Query(max_length=40, description="Created since: an age such as 1h, or a time with zone."),
    ] = None,
) -> Matching:
    """Return the filter that a query string gives."""
    return Matching(status=status, workflow=workflow, queue=queue, since=since)
