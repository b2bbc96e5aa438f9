"""Which jobs a filter names: found in a narrow index, so that only what is shown is read whole."""

from __future__ import annotations

from dataclasses import replace

from ergate.contracts.state_store import JobFilter
from ergate.jobs.record import JobRecord
from ergate.jobs.status import FINAL_STATUSES, JobStatus
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import LONG_ANSWER_S
from ergate_backends.postgres.rows import job_of, storable

_STORED = (
    f"CASE WHEN job.cancel_requested AND job.status = '{JobStatus.RUNNING}' "
    f"THEN '{JobStatus.CANCELLING}' ELSE job.status END"
)
# OFFSET 0 keeps the planner from reading each job whole for the sake of its status: the ended ones
# are left out by the index alone, and only the others are looked at.
_LIVE = """
    (SELECT n FROM {schema}.jobs AS job WHERE job.ended_as IS NULL AND {facts} ORDER BY n DESC
     OFFSET 0) AS live
    CROSS JOIN LATERAL (SELECT * FROM {schema}.jobs WHERE jobs.n = live.n OFFSET 0) AS job
"""
_HELD = """
    {schema}.held
    CROSS JOIN LATERAL (SELECT * FROM {schema}.jobs WHERE jobs.id = held.job_id OFFSET 0) AS job
"""
_JOBS = "{schema}.jobs AS job"
_LIST = """
    WITH found AS MATERIALIZED (
        SELECT job.n FROM {source} WHERE {filter} ORDER BY {order}.n DESC
        LIMIT %(limit)s OFFSET %(offset)s
    )
    SELECT {job_columns} FROM found JOIN {schema}.jobs USING (n) ORDER BY n DESC
"""
_PAST_NUMBERS = """
    SELECT job.ended_as, count(*) FROM {schema}.jobs AS job
    WHERE job.ended_as IS NOT NULL AND {filter} GROUP BY 1
"""
_LIVE_NUMBERS = f"SELECT {_STORED}, count(*) FROM {{source}} WHERE {{filter}} GROUP BY 1"
# The ready list has one row for each QUEUED job, and is narrow; what is left over is PENDING.
_ALL_NUMBERS = f"""
    SELECT coalesce(job.ended_as, '{JobStatus.PENDING}'), count(*) FROM {{schema}}.jobs AS job
    GROUP BY 1
    UNION ALL SELECT '{JobStatus.QUEUED}', count(*) FROM {{schema}}.ready
    UNION ALL SELECT {_STORED}, count(*) FROM {_HELD} GROUP BY 1
    UNION ALL SELECT '{JobStatus.SCHEDULED}', count(*) FROM {_JOBS}
        WHERE job.due_at IS NOT NULL AND job.status = '{JobStatus.SCHEDULED}'
"""


def where(which: JobFilter) -> tuple[str, dict[str, object]]:
    """Return the condition of a filter on `job`, and its values."""
    clauses: list[str] = [_status(which.status)]
    values: dict[str, object] = {} if which.status is None else {"status": _stored(which.status)}
    wanted: tuple[tuple[str, str, object], ...] = (
        ("job.workflow_name = %(workflow)s", "workflow", storable(which.workflow)),
        ("job.queue = %(queue)s", "queue", storable(which.queue)),
        ("job.created_at >= %(since)s::float8", "since", which.since),
        ("job.finished_at < %(before)s::float8", "before", which.finished_before),
    )
    for clause, name, value in wanted:
        if value is not None:
            clauses.append(clause)
            values[name] = value
    return " AND ".join(clauses), values


def _status(status: JobStatus | None) -> str:
    if status is None:
        return "true"
    if status is JobStatus.CANCELLING:
        return "job.cancel_requested AND job.status = %(status)s"
    if status is JobStatus.RUNNING:
        return "NOT job.cancel_requested AND job.status = %(status)s"
    if status is JobStatus.SCHEDULED:
        return "job.due_at IS NOT NULL AND job.status = %(status)s"  # as the index says it
    if status.is_final:
        return "job.ended_as = %(status)s AND job.finished_at IS NOT NULL"  # likewise
    return "job.status = %(status)s"


def _stored(status: JobStatus) -> str:
    return JobStatus.RUNNING.value if status is JobStatus.CANCELLING else status.value


def list_query(acts: Acts, which: JobFilter) -> tuple[bytes, dict[str, object]]:
    """Return the query for jobs, the newest first, and its values without limit and offset."""
    condition, values = where(which)
    is_waiting = which.status in (JobStatus.QUEUED, JobStatus.PENDING)
    text = _LIST.replace("{source}", _source(which)).replace(
        "{order}", "live" if is_waiting else "job"
    )
    return acts.sql.fill(text, filter=condition), values


def _source(which: JobFilter) -> str:
    """Return where the jobs of a filter are found without reading many others."""
    if which.status in (JobStatus.RUNNING, JobStatus.CANCELLING):
        return _HELD
    if which.status in (JobStatus.QUEUED, JobStatus.PENDING):
        return _live(which)
    return _JOBS


def _live(which: JobFilter) -> str:
    facts, _ = where(replace(which, status=None))
    return _LIVE.replace("{facts}", facts)


def listed(acts: Acts, which: JobFilter, limit: int, offset: int) -> list[JobRecord]:
    """Return jobs, the newest first."""
    query, values = list_query(acts, which)
    rows = acts.ask_text(query, answer_s=LONG_ANSWER_S, limit=limit, offset=offset, **values)
    return [job_of(row) for row in rows]


def count(acts: Acts, which: JobFilter) -> dict[JobStatus, int]:
    """Return how many jobs there are by status."""
    query, values = count_query(acts, which)
    rows = acts.ask_text(query, answer_s=LONG_ANSWER_S, **values)
    counts = {JobStatus(status): number for status, number in rows}
    if which == JobFilter():
        live = set(counts) - FINAL_STATUSES - {JobStatus.PENDING}
        counts[JobStatus.PENDING] = counts.get(JobStatus.PENDING, 0) - sum(
            counts[status] for status in live
        )
    return {status: number for status, number in counts.items() if number}


def count_query(acts: Acts, which: JobFilter) -> tuple[bytes, dict[str, object]]:
    """Return the query that counts by status, in one look for all of them, and its values."""
    condition, values = where(which)
    if which == JobFilter():
        parts = [_ALL_NUMBERS]
    elif which.status is None and which.finished_before is None:
        parts = [_PAST_NUMBERS, _LIVE_NUMBERS.replace("{source}", _live(which))]
    elif which.status is None or which.status.is_final:
        parts = [_PAST_NUMBERS]
    else:
        parts = [_LIVE_NUMBERS.replace("{source}", _source(which))]
    return acts.sql.fill(" UNION ALL ".join(parts), filter=condition), values
