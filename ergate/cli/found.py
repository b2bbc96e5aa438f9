"""Jobs as they come from the store: looked up, made whole, and skipped when they are damaged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ergate.cli.printing import tell
from ergate.errors import CorruptRecord, JobNotFoundError

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.cli.place import Place
    from ergate.jobs.job import Job
    from ergate.jobs.record import JobRecord
    from ergate.workflows.workflow import Workflow


def find_record(broker: Broker, job_id: str) -> JobRecord:
    """Return a stored job; raises `JobNotFoundError`, and `CorruptRecord` for a damaged one."""
    record = broker.store.get(job_id)
    if record is None:
        raise JobNotFoundError(f'There is no job "{job_id}". See `ergate jobs list`.')
    return record


def readable(place: Place, records: Iterable[JobRecord]) -> list[tuple[JobRecord, Job]]:
    """Return each record with its job; a damaged one is told of on stderr and left out."""
    found = []
    for record in records:
        try:
            found.append((record, place.job(record)))
        except CorruptRecord as exc:
            tell(f"warning: one job is left out. {exc}")
    return found


def whole_job(record: JobRecord, job: Job) -> dict[str, object]:
    """Return a whole job as plain JSON values, with its own fields even without the app."""
    from ergate.documents import jobs

    return jobs.whole_job(record, job)


def known_workflow(place: Place, broker: Broker, record: JobRecord) -> Workflow | None:
    """Return a job's workflow; None when neither the app nor the store has it."""
    return place.known(broker).find(record.workflow_name, record.fingerprint)
