"""Jobs as they come from the store: looked up, paged through, and skipped when damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ergate.api.bounds import MAX_SCANNED, SEARCH_S
from ergate.api.desk import Place
from ergate.contracts.state_store import JobFilter
from ergate.documents.jobs import whole_job
from ergate.documents.times import timestamp
from ergate.errors import CorruptRecord, JobNotFoundError
from ergate.jobs.job import job_from_record
from ergate.jobs.record import JobRecord

_SCAN_PAGE = 200


def find_record(place: Place, job_id: str) -> JobRecord:
    """Return a stored job. Raises `JobNotFoundError`."""
    record = place.broker.store.get(job_id)
    if record is None:
        raise JobNotFoundError(f'There is no job "{job_id}".')
    return record


def document_of(place: Place, record: JobRecord) -> dict[str, object]:
    """Return a job's document; while a worker holds it, since when. Raises `CorruptRecord`."""
    document = whole_job(record, job_from_record(record, place.job_type))
    if record.worker_id is None or record.claimed_at is None:
        return document
    return document | {"claimed_at": timestamp(record.claimed_at)}


@dataclass(slots=True)
class Found:
    """A page of jobs on the way to its answer."""

    items: list[dict[str, object]]
    next_offset: int | None = None
    left_out: int = 0

    def add(self, place: Place, records: Sequence[JobRecord]) -> None:
        """Add jobs; damaged ones are counted."""
        for record in records:
            try:
                self.items.append(document_of(place, record))
            except CorruptRecord:
                self.left_out += 1

    def document(self) -> dict[str, object]:
        """Return the page as its JSON document."""
        return {
            "items": self.items,
            "next_offset": self.next_offset,
            "left_out": self.left_out,
        }


def list_page(place: Place, which: JobFilter, limit: int, offset: int) -> Found:
    """Return jobs, the newest first."""
    records = place.broker.store.list(which, limit=limit + 1, offset=offset)
    page = Found([], offset + limit if len(records) > limit else None)
    page.add(place, records[:limit])
    return page


def search_page(place: Place, which: JobFilter, text: str, limit: int, offset: int) -> Found:
    """Return jobs with a text in their id, input, results or error, as far as one search looks.

    Letter case does not count. No store has an index of texts: a search reads the jobs, the newest
    first, and goes no further than `MAX_SCANNED` of them or than `SEARCH_S` seconds allow.
    """
    page, wanted, at = Found([]), text.casefold(), offset
    until = place.clock.monotonic() + SEARCH_S
    while at < offset + MAX_SCANNED and (at == offset or place.clock.monotonic() < until):
        records = place.broker.store.list(which, limit=_SCAN_PAGE, offset=at)
        for record in records:
            at += 1
            if wanted in _text_of(record):
                page.add(place, [record])
            if len(page.items) == limit:
                page.next_offset = at
                return page
        if len(records) < _SCAN_PAGE:
            return page
    page.next_offset = at
    return page


def _text_of(record: JobRecord) -> str:
    parts = (
        record.id,
        record.initial_input_value,
        record.last_return_value,
        record.user_context,
        record.extra,
        record.error or "",
    )
    return "\n".join(parts).casefold()
