"""Rows to records and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from ergate.errors import CorruptRecord
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket

Row = tuple[Any, ...]

JOB_FIELDS = tuple(field.name for field in fields(JobRecord))
HISTORY_FIELDS = tuple(field.name for field in fields(HistoryRow))

_STATUSES = {status.value: status for status in JobStatus}
_STATUS = JOB_FIELDS.index("status")


def job_of(row: Row) -> JobRecord:
    """Return the record of a row selected as `job_columns`; raises `CorruptRecord`."""
    values = dict(zip(JOB_FIELDS, row, strict=True))
    status = _STATUSES.get(row[_STATUS])
    if status is None:
        raise CorruptRecord(f"Job {values['id']!r} has the unknown status {row[_STATUS]!r}.")
    values["status"] = status
    return JobRecord(**values)


def history_of_row(row: Row) -> HistoryRow:
    """Return the history row of a row selected as `history_columns`; raises `CorruptRecord`."""
    values = dict(zip(HISTORY_FIELDS, row, strict=True))
    status = _STATUSES.get(values["status"])
    if status is None:
        raise CorruptRecord(
            f"The history of job {values['job_id']!r} has the unknown status {values['status']!r}."
        )
    values["status"] = status
    return HistoryRow(**values)


def jobs_json(records: Iterable[JobRecord]) -> str:
    """Return records as one JSON array, the way the statements take many rows at once."""
    return as_json([_plain(record, JOB_FIELDS) for record in records])


def history_json(rows: Iterable[HistoryRow]) -> str:
    """Return history rows as one JSON array."""
    return as_json([_plain(row, HISTORY_FIELDS) for row in rows])


def _plain(record: object, names: Sequence[str]) -> dict[str, object]:
    return {name: storable(getattr(record, name)) for name in names}


def tickets_json(tickets: Sequence[Ticket]) -> str:
    """Return tickets as one JSON array; `i` is the place in the list."""
    return as_json(
        [
            {"i": i, "id": storable(ticket.job_id), "revision": ticket.revision}
            for i, ticket in enumerate(tickets)
        ]
    )


def as_json(rows: list[dict[str, object]]) -> str:
    """Return plain rows as JSON text."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def storable(value: Any) -> Any:
    """Return a value as Postgres can keep it: a text with NUL, which it refuses, shows it as ␀.

    JSON text never contains a raw NUL, so that this is about names, which may come from strangers.
    """
    if value.__class__ is str and "\0" in value:
        return value.replace("\0", "\N{SYMBOL FOR NULL}")
    return value
