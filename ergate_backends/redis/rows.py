"""Between records and what Redis keeps of them: a hash of texts for each job, packed history rows.

A column that is missing or empty has its default, so a hash holds only what says something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields

from ergate.errors import CorruptRecord
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus

Value = str | int | float | bool | None
Stored = bytes | str

COLUMNS = tuple(field.name for field in fields(JobRecord) if field.name != "id")
ALWAYS = frozenset({"status", "revision", "queue", "workflow_name", "created_at"})
"""Columns that the scripts expect in every hash."""

_DEFAULTS = {
    field.name: field.default for field in fields(JobRecord) if field.name not in ("id", *ALWAYS)
}


def _truth(text: bytes) -> bool:
    return text == b"1"


def _status(text: bytes) -> JobStatus:
    return _STATUSES[text]


_STATUSES = {status.value.encode(): status for status in JobStatus}
_READERS: dict[str, Callable[[bytes], Value]] = {
    "str": bytes.decode,
    "str | None": bytes.decode,
    "int": int,
    "float": float,
    "float | None": float,
    "bool": _truth,
    "JobStatus": _status,
}
_PLAN = tuple(
    (field.name, _READERS[str(field.type)]) for field in fields(JobRecord) if field.name != "id"
)


def record_of(job_id: str, values: Sequence[bytes | None]) -> JobRecord:
    """Return the job whose columns are `values`, in the order of `COLUMNS`.

    Raises `CorruptRecord` that names the column which cannot be read.
    """
    found: dict[str, Value] = {}
    name = ""
    try:
        for (name, read), text in zip(_PLAN, values, strict=True):
            if text:
                found[name] = read(text)
        return JobRecord(id=job_id, **found)  # type: ignore[arg-type]  # each reader fits its column
    except (ValueError, KeyError, TypeError) as exc:
        raise CorruptRecord(
            f"Column {name!r} of job {job_id!r} cannot be read from Redis: {exc}. "
            "Something other than Ergate wrote to the store."
        ) from exc


def stored(value: Value) -> str:
    """Return a column as Redis keeps it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return repr(value) if isinstance(value, float) else str(value)


def columns_of(record: JobRecord) -> list[str]:
    """Return names and texts of all columns that say something, in turn."""
    pairs: list[str] = []
    for name in COLUMNS:
        value = getattr(record, name)
        if name in ALWAYS or value != _DEFAULTS[name]:
            pairs += (name, stored(value))
    return pairs


def changes_of(before: JobRecord, after: JobRecord) -> list[str]:
    """Return names and texts of the columns that differ."""
    pairs: list[str] = []
    for name in COLUMNS:
        value = getattr(after, name)
        if value != getattr(before, name):
            pairs += (name, stored(value))
    return pairs


# --- history --------------------------------------------------------------------------------------

# Event and worker stand first: a script compares them without reading the rest.
_HISTORY: tuple[tuple[str, Callable[[bytes], Value]], ...] = (
    ("event", bytes.decode),
    ("worker_id", bytes.decode),
    ("revision", int),
    ("status", _status),
    ("seq", int),
    ("step_name", bytes.decode),
    ("next_step", bytes.decode),
    ("attempt", int),
    ("claimed_at", float),
    ("at", float),
    ("result", bytes.decode),
    ("detail", bytes.decode),
)


def packed(row: HistoryRow) -> bytes:
    """Return a row as texts with their lengths before them: `7:applied-2:12…`; `-` is None."""
    parts = []
    for name, _ in _HISTORY:
        value = getattr(row, name)
        if value is None:
            parts.append(b"-")
        else:
            text = stored(value).encode()
            parts.append(b"%d:%b" % (len(text), text))
    return b"".join(parts)


def history_row(job_id: str, packed_row: bytes) -> HistoryRow:
    """Return what `packed` wrote, or a script. Raises `CorruptRecord` for anything else."""
    try:
        values = {
            name: None if text is None else read(text)
            for (name, read), text in zip(_HISTORY, _texts(packed_row), strict=True)
        }
        return HistoryRow(job_id=job_id, **values)  # type: ignore[arg-type]  # as above
    except (ValueError, KeyError) as exc:
        raise CorruptRecord(f"A history row of job {job_id!r} cannot be read: {exc}.") from exc


def _texts(data: bytes) -> Iterator[bytes | None]:
    at = 0
    while at < len(data):
        if data[at : at + 1] == b"-":
            yield None
            at += 1
            continue
        colon = data.index(b":", at)
        end = colon + 1 + int(data[at:colon])
        yield data[colon + 1 : end]
        at = end
